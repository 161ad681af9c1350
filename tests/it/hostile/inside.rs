//! Components that no compiler would make: the built guest, tampered with.

use std::fmt::Write as _;

use system_tests::parts;

/// `\0asm`, version and layer of a component.
const HEAD: usize = 8;
const CORE_MODULE: u8 = 1;
const CORE_INSTANCES: u8 = 2;
const TYPES: u8 = 7;
const IMPORTS: u8 = 10;

/// The bytes of `tests/hostile/misbehave`.
pub fn guest() -> Vec<u8> {
    std::fs::read(parts::hostile_file("misbehave")).expect("the guest is built")
}

/// A component that does nothing but ask for an interface with a function `x`.
pub fn importing(interface: &str) -> Vec<u8> {
    let mut component = guest()[..HEAD].to_vec();
    // One type: an instance of two items, a type (a function of nothing, for nothing) and the export `x` of it.
    section(
        &mut component,
        TYPES,
        &[1, 0x42, 2, 1, 0x40, 0, 1, 0, 4, 0, 1, b'x', 1, 0],
    );
    let mut import = vec![1, 0];
    unsigned(&mut import, interface.len());
    import.extend_from_slice(interface.as_bytes());
    // An instance, of type 0.
    import.extend_from_slice(&[5, 0]);
    section(&mut component, IMPORTS, &import);
    component
}

/// The guest with another core module in the place of its own.
pub fn with_module(text: &str) -> Vec<u8> {
    let mut component = guest()[..HEAD].to_vec();
    let mut module = Some(wat::parse_str(text).unwrap_or_else(|error| panic!("{error}")));
    for (id, content) in sections(&guest()) {
        // The first one is the guest's; the others connect it.
        let other = if id == CORE_MODULE { module.take() } else { None };
        section(&mut component, id, other.as_ref().unwrap_or(&content));
    }
    component
}

/// The guest with `count` instances more, of a module of their own.
pub fn with_instances(count: usize, text: &str) -> Vec<u8> {
    let mut component = guest();
    let module = sections(&component).iter().filter(|(id, _)| *id == CORE_MODULE).count();
    section(
        &mut component,
        CORE_MODULE,
        &wat::parse_str(text).unwrap_or_else(|error| panic!("{error}")),
    );
    let mut instances = Vec::new();
    unsigned(&mut instances, count);
    for _ in 0..count {
        instances.push(0);
        unsigned(&mut instances, module);
        // No arguments.
        instances.push(0);
    }
    section(&mut component, CORE_INSTANCES, &instances);
    component
}

/// A driver whose description is `text`.
pub fn saying(text: &str) -> Vec<u8> {
    with_module(&module("", &answer(text), "i32.const 0", "unreachable"))
}

/// A driver whose `describe` has this body, and whose module has `also`.
pub fn describing_by(body: &str, also: &str) -> Vec<u8> {
    with_module(&module(also, "", body, "unreachable"))
}

/// A driver whose `identify` grows a table for ever.
pub fn growing_one_table() -> Vec<u8> {
    let grow = "(loop (drop (table.grow 0 (ref.null func) (i32.const 1000))) (br 0)) unreachable";
    with_module(&module("(table 1 funcref)", &answer(DESCRIBE), "i32.const 0", grow))
}

/// A driver whose `identify` grows several tables, each by less than a session may have.
pub fn growing_many_tables() -> Vec<u8> {
    let grow = |table| format!("(drop (table.grow {table} (ref.null func) (i32.const 9000)))");
    let grow: String = (0..4).map(grow).collect();
    let tables = "(table 1 funcref)".repeat(4);
    with_module(&module(
        &tables,
        &answer(DESCRIBE),
        "i32.const 0",
        &format!("{grow} unreachable"),
    ))
}

/// What the guest says of itself.
pub const DESCRIBE: &str = include_str!("../../hostile/misbehave/describe.json");

/// Data of a module: at 0 where the text is and how long, then the text.
fn answer(text: &str) -> String {
    let start = 16u32;
    let length = u32::try_from(text.len()).expect("a text fits");
    let mut data = String::from("(data (i32.const 0) \"");
    let bytes = start
        .to_le_bytes()
        .into_iter()
        .chain(length.to_le_bytes())
        .chain([0; 8])
        .chain(text.bytes());
    for byte in bytes {
        write!(data, "\\{byte:02x}").expect("a String can be written to");
    }
    data + "\")"
}

/// The core module of a driver that can do no more than `describe` and `identify`.
fn module(also: &str, data: &str, describe: &str, identify: &str) -> String {
    let meter = |name: &str, kind: &str, body: &str| {
        let post = format!("(func (export \"cabi_post_uzel:driver/meter@1.0.0#{name}\") (param i32))");
        let post = if name == "close" { "" } else { &post };
        format!("(func (export \"uzel:driver/meter@1.0.0#{name}\") {kind} {body}) {post}")
    };
    let functions = [
        meter("describe", "(result i32)", describe),
        meter("identify", "(param i32 i32 i32) (result i32)", identify),
        meter("read-clock", "(param i32) (result i32)", "unreachable"),
        meter("read-current", "(param i32 i32) (result i32)", "unreachable"),
        meter("read-totals", "(param i32 i32) (result i32)", "unreachable"),
        meter(
            "read-archive",
            "(param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)",
            "unreachable",
        ),
        meter("close", "(param i32)", ""),
    ];
    let functions = functions.join("\n");
    format!(
        "(module {also}
        (memory (export \"memory\") 16)
        (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) i32.const 65536)
        {data} {functions})"
    )
}

/// The sections of a component: id and content.
fn sections(component: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut rest = &component[HEAD..];
    let mut sections = Vec::new();
    while let [id, after @ ..] = rest {
        let bytes = after.iter().position(|byte| byte & 0x80 == 0).expect("a size ends") + 1;
        let size = after[..bytes]
            .iter()
            .rev()
            .fold(0usize, |size, byte| size << 7 | usize::from(byte & 0x7f));
        sections.push((*id, after[bytes..bytes + size].to_vec()));
        rest = &after[bytes + size..];
    }
    sections
}

fn section(component: &mut Vec<u8>, id: u8, content: &[u8]) {
    component.push(id);
    unsigned(component, content.len());
    component.extend_from_slice(content);
}

/// LEB128.
fn unsigned(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        bytes.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return;
        }
    }
}
