//! System tests: one file per user story.
