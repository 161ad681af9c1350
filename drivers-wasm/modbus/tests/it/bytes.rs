//! Whatever bytes come, frames and answers are judged without a panic.

use proptest::prelude::*;
use uzel_driver_sdk::modbus::frame::{Scan, ascii, rtu, tcp};
use uzel_driver_sdk::modbus::pdu::{Area, Request, Span};

fn requests(count: u16) -> [Request; 4] {
    let read = Request::Read(Span {
        area: Area::Holding,
        at: 0x0102,
        count,
    });
    let file = Request::File {
        file: 1,
        record: 1,
        length: count,
    };
    let counted = Request::Counted {
        function: 0x41,
        body: vec![0; usize::from(count % 12)],
    };
    [read, file, counted, Request::Identification { object: 0 }]
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

proptest! {
    #[test]
    fn any_bytes_are_judged(bytes in bytes(300), count in 1u16..=125) {
        for request in requests(count) {
            let _ = request.judge(&bytes);
            let _ = request.begins(&bytes);
        }
    }

    #[test]
    fn any_bytes_are_scanned(bytes in bytes(600), count in 1u16..=125) {
        for request in requests(count) {
            let behind = |function| [&[1, function], &bytes[..]].concat();
            for frame in [bytes.clone(), behind(request.function()), behind(request.function() | 0x80)] {
                if let Scan::Need(more) = rtu::scan(1, &request, &frame) {
                    prop_assert!(more > 0);
                }
            }
        }
        let _ = tcp::scan(1, 1, &bytes);
        let _ = ascii::scan(1, &bytes);
        let _ = ascii::scan(1, &[b":", &bytes[..], b"\n"].concat());
    }

    #[test]
    fn an_answer_with_one_wrong_bit_is_none(data in any::<[u8; 8]>(), bit in 0usize..104) {
        let [read, _, counted, _] = requests(4);
        for request in [read, counted] {
            let mut frame = rtu::wrap(1, &[&[request.function(), 8][..], &data].concat());
            frame[bit / 8] ^= 1 << (bit % 8);
            let found = rtu::scan(1, &request, &frame);
            // Another count, or an exception, means a shorter frame, whose check is right by chance once in 65 536: no value
            // comes of it.
            let is_whole = matches!(&found, Scan::Pdu(pdu) if pdu.len() >= 2 + data.len());
            prop_assert!(!is_whole, "{found:?}");
        }
    }
}
