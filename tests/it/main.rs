//! System tests: one file per user story.

mod by_hand;
mod captured_spt943;
mod captured_vkt7;
mod datagrams;
mod devices;
mod dial_up;
mod hostile;
mod incoming;
mod judge;
mod kill;
mod languages;
mod mbus_frames;
mod mishaps;
mod noise;
mod operations;
mod polling;
mod portable;
mod reading;
mod replay;
mod ser2net;
mod serial_port;
mod serial_server;
mod shared_bus;
mod simulation;
mod storage;
mod world;
