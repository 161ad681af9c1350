//! System tests: one file per user story.

mod by_hand;
mod captured_spt943;
mod captured_vkt7;
mod devices;
mod dial_up;
mod hostile;
mod judge;
mod kill;
mod mbus_frames;
mod mishaps;
mod noise;
mod operations;
mod polling;
mod reading;
mod storage;
