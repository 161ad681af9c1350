;; A driver of the example of version 2: it can describe itself and say who it is.
(module
  (import "uzel:driver/line@1.0.0" "[resource-drop]port" (func $drop_port (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 32768)

  ;; describe: pointer and length of the text at 1024.
  (data (i32.const 0) "\00\04\00\00\LENGTH")
  (data (i32.const 1024) "DESCRIBE")
  (func (export "uzel:driver/meter@2.0.0#describe") (result i32) i32.const 0)

  ;; identify: ok; model, serial number, no firmware, hardware, no details.
  (data (i32.const 512) "m1" "007" "A1")
  (data (i32.const 64)
    "\00\00\00\00" "\00\02\00\00\02\00\00\00"
    "\01\00\00\00\02\02\00\00\03\00\00\00"
    "\00\00\00\00\00\00\00\00\00\00\00\00"
    "\01\00\00\00\05\02\00\00\02\00\00\00"
    "\00\00\00\00\00\00\00\00")
  (func (export "uzel:driver/meter@2.0.0#identify") (param $port i32) (param i32 i32) (result i32)
    (call $drop_port (local.get $port))
    i32.const 64)

  (func (export "uzel:driver/meter@2.0.0#read-clock") (param i32) (result i32) unreachable)
  (func (export "uzel:driver/meter@2.0.0#read-current") (param i32 i32) (result i32) unreachable)
  (func (export "uzel:driver/meter@2.0.0#read-totals") (param i32 i32) (result i32) unreachable)
  (func (export "uzel:driver/meter@2.0.0#read-archive")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "uzel:driver/meter@2.0.0#close") (param $port i32) (call $drop_port (local.get $port)))
)
