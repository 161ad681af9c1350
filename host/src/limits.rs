//! Every bound in one place, with its reason.

/// Commands that wait for the collector. A person waits for the answer, so more means a runaway program.
pub const COMMANDS: usize = 256;

/// Live events that a slow watcher may be behind before it loses the oldest: some seconds of a busy fleet.
pub const LIVE_EVENTS: usize = 4_096;

/// Nodes of one order of the list of attention: what a person chooses at once.
pub const BULK_NODES: usize = 500;

/// Characters of a person's name.
pub const NAME_CHARS: usize = 100;

/// Rows of one page of the API. A year of hours is 8 784.
pub const PAGE_ROWS: u32 = 10_000;

/// Bytes of a request body of the API: nothing larger than a bulk import.
pub const BODY_BYTES: usize = 8 << 20;

/// How long a request's body may take to come: a connection must not be held for nothing.
pub const BODY_TIME: std::time::Duration = std::time::Duration::from_secs(30);

/// How long a file may take to come that people send, seconds: the largest list of devices over a telephone.
pub const FILE_TIME_S: u64 = 120;

/// Bytes of a component: a Rust driver has about 200 KB, one with a whole interpreter about 20 MB.
pub const COMPONENT_BYTES: usize = 32 << 20;

/// Bytes of a component that counts as small: ten of the largest Rust driver. What is larger brings an interpreter.
pub const SMALL_COMPONENT_BYTES: usize = 4 << 20;

/// Linear memory of a session of a big driver: an interpreter begins with 9 to 12 MiB and collects garbage late.
pub const BIG_MEMORY_BYTES: usize = 64 << 20;

/// Table elements of a session of a big driver: an interpreter calls all its functions through tables.
pub const BIG_TABLE_ELEMENTS: usize = 100_000;

/// Sessions of big drivers open at once, unless the configuration says otherwise: half a gigabyte at worst.
pub const BIG_SESSIONS: usize = 8;

/// Core modules that one instance of a component may consist of: a Rust driver is three, one with an interpreter some
/// dozens.
pub const CORE_INSTANCES: usize = 100;

/// Tables of one instance: about one a core module.
pub const CORE_TABLES: usize = 100;

/// Memories of one instance. Each takes address space and mappings of the kernel, of which all sessions live.
pub const CORE_MEMORIES: usize = 4;

/// How many times its processor time a driver may keep the processor in all. Ticks miss one that waits a moment
/// before each of them; the time of its polls does not, but holds also the time in which the machine ran others.
pub const BUSY_FACTOR: u32 = 4;

/// Bytes of the JSON of `describe()`.
pub const DESCRIBE_BYTES: usize = 256 << 10;

/// Milliseconds between ticks of the engine: the grain in which a guest's processor time is counted and cut.
pub const TICK_MS: u64 = 10;

/// Longest single wait that a driver may ask for, milliseconds.
pub const WAIT_MS: u32 = 60_000;

/// Bytes of one write or one read.
pub const TRANSFER_BYTES: u32 = 64 << 10;

/// Rows, or events, of one call of a driver.
pub const ROWS_A_CALL: usize = 1_024;

/// Columns of one declaration.
pub const COLUMNS: usize = 256;

/// Bytes of a text value, of an event's text, of a failure's text.
pub const TEXT_BYTES: usize = 256;

/// Bytes of a log line or note.
pub const LOG_LINE_BYTES: usize = 1_024;

/// Bytes of a code or a column's name.
pub const CODE_BYTES: usize = 64;

/// Conditions of one row: no meter has more codes.
pub const CONDITIONS_A_ROW: usize = 256;

/// Settings of one device.
pub const SETTINGS: usize = 4_096;

/// Bytes of a resume token.
pub const RESUME_BYTES: usize = 1_024;

/// Bytes that a driver may remember of one device, keys and values together.
pub const MEMORY_BYTES: usize = 64 << 10;

/// Bytes of a key of that memory.
pub const MEMORY_KEY_BYTES: usize = 64;

/// Faults that a session's journal names; the rest is counted.
pub const FAULTS: usize = 32;

/// Bytes of a session's wire trace: half a day of a 9 600 baud line in hex. Beyond, bytes are counted, not kept.
pub const TRACE_BYTES: usize = 4 << 20;

/// Bytes of a trace that is given to be replayed: a recording has blanks between its bytes and a time before each.
pub const TRACE_FILE_BYTES: usize = 16 << 20;

/// Bytes of the file of a portable reading: a year of hours of a large meter is 1 MB, packed.
pub const PACKAGE_BYTES: usize = 16 << 20;

/// Bytes of one file in it, unpacked: as many rows as a session may give, and their trace.
pub const PACKAGE_FILE_BYTES: usize = 64 << 20;

/// Lines of one file in it: as many rows and events as a session may give.
pub const PACKAGE_ROWS: usize = 200_000;

/// Memory mappings that one running session takes from the kernel, with a reserve: measured 5 (see
/// docs/benchmarks.md).
pub const MAPPINGS_A_SESSION: usize = 6;

/// Memory mappings left to the rest of the process.
pub const MAPPINGS_RESERVED: usize = 5_000;

/// How long a driver has to come back after it was told to stop, milliseconds; then its instance is dropped.
pub const STOP_GRACE_MS: u64 = 1_500;

/// Milliseconds that a TCP line may put between two bytes of one answer: segments of a converter, a mobile network.
pub const TCP_SILENCE_MS: u32 = 50;

/// How long what a converter still had for someone else is dropped after connecting, milliseconds. It comes with the
/// connection itself; the rest is the network's jitter.
pub const TCP_SETTLE_MS: u32 = 100;

/// Bytes of one telnet subnegotiation: the longest are texts in which a serial server names itself.
pub const SUBNEGOTIATION_BYTES: usize = 256;

/// Answers to one telnet option on one side: two ends that misunderstand each other must not talk for ever.
pub const TELNET_ANSWERS: u8 = 4;

/// How long a serial server may take to say whether it lets its port be set, milliseconds, beside the line's latency.
pub const TELNET_MS: u64 = 3_000;

/// How long it may take to confirm settings, milliseconds, beside the line's latency: a round trip and its own work.
pub const CONFIRM_MS: u64 = 2_000;

/// How long bytes are dropped while a serial server has not confirmed that it purged, milliseconds, beside the line's
/// latency. Then what comes is the answer: one that does not confirm must not cost it.
pub const PURGE_MS: u64 = 500;

/// How long a serial port is left alone after it was set up, milliseconds: a converter changes its speed, a bus falls
/// silent.
pub const SERIAL_SETTLE_MS: u32 = 20;

/// Time that a question and its answer spend on the way through a dialled call, milliseconds: 0.5 to 3 s are seen.
pub const MODEM_LATENCY_MS: u32 = 1_500;

/// Milliseconds that a dialled call may put between two bytes of one answer: frames are split in the air.
pub const MODEM_SILENCE_MS: u32 = 1_000;

/// A call that is up for so long is hung up after its session, also when more devices wait behind its number: other
/// numbers wait for the modem an hour at most.
pub const MODEM_CALL: std::time::Duration = std::time::Duration::from_secs(20 * 60);

/// A call is held for so long at least, also when another number needs the modem: the journal of the session before is
/// written and the next one is begun in a fraction of that, and dialling anew costs half a minute.
pub const MODEM_HELD_AT_LEAST: std::time::Duration = std::time::Duration::from_secs(1);

/// Rest of a modem after its first fault: it may be starting anew. Each further fault in a row doubles it.
pub const MODEM_REST: std::time::Duration = std::time::Duration::from_secs(30);

/// Longest rest of a modem: somebody who mended it must not wait long.
pub const MODEM_REST_MOST: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// Connecting to a converter, milliseconds.
pub const CONNECT_MS: u64 = 10_000;

/// Bytes of a caller's greeting, unless its listener says otherwise: the longest known has some 200.
pub const GREETING_BYTES: usize = 512;

/// Bytes of a greeting that are kept for people who wonder who calls.
pub const GREETING_KEPT: usize = 64;

/// Bytes of something unexpected that a message shows.
pub const SHOWN_BYTES: usize = 32;

/// Characters of a caller's identity: four times an IMEI.
pub const IDENTITY_BYTES: usize = 64;

/// Bytes of a heartbeat or of a prefix of packets: twice what a modem takes.
pub const HEARTBEAT_BYTES: usize = 80;

/// Bytes of a compiled pattern of a greeting, a hundred times what a sensible one needs.
pub const PATTERN_BYTES: usize = 1 << 20;

/// Bytes of an envelope of an adapter: a transfer with every byte doubled cannot be longer.
pub const ENVELOPE_BYTES: usize = 2 * TRANSFER_BYTES as usize + 64;

/// Connections of one listener, unless its configuration says otherwise: twice a large city's modems.
pub const CALLERS: usize = 10_000;

/// Connections that wait to be taken: all modems come back at once after a restart.
pub const BACKLOG: u32 = 4_096;

/// Connected callers that no device names and nobody approved. Whoever can reach the port can make them.
pub const STRANGERS: usize = 1_000;

/// Callers in the store that nobody decided about and no device names; the longest unheard make room.
pub const CALLERS_NEW: u32 = 1_000;

/// Callers of which something waits to be written: every connection of two full listeners.
pub const CALLER_NEWS: usize = 20_000;

/// Callers written at once, so that records do not wait long behind them.
pub const CALLERS_A_WRITE: usize = 500;

/// How long bytes to a far end may stay without acknowledgement. Longer than a mobile network's usual gaps.
pub const UNACKNOWLEDGED: std::time::Duration = std::time::Duration::from_secs(60);

/// Silence after which the system asks whether the far end of a connection is still there: a tunnel may say nothing for
/// minutes, and who uses it next waits.
pub const TCP_IDLE: std::time::Duration = std::time::Duration::from_secs(20);

/// Milliseconds that a mobile network may put between two bytes of one answer.
pub const INCOMING_SILENCE_MS: u32 = 1_000;

/// Milliseconds that a question and its answer may spend in a mobile network.
pub const INCOMING_LATENCY_MS: u32 = 2_000;

/// How long the answer that the session before did not get is waited for and dropped, milliseconds.
pub const INCOMING_SETTLE_MS: u32 = 2_000;

/// Sessions open at once, unless the configuration says otherwise and as far as the kernel's mappings allow.
pub const SESSIONS: usize = 2_000;

/// Writes that wait for the store. Each may carry a batch of records, so the queue is also a bound on memory.
pub const WRITES_WAITING: usize = 512;

/// Decisions of people and of the host that wait for the store: each goes ahead of all other writes, so there may not be
/// many.
pub const DECISIONS_WAITING: usize = 16;

/// Orders that stand while the storage takes nothing, and whose rows of the audit wait: what a dispatcher asks for in an
/// evening, of about 500 bytes each.
pub const ORDERS_WAITING: usize = 1_000;

/// Rows of one transaction of the store, about: enough to make the price of a commit small, few enough that nobody
/// waits long for the answer.
pub const GROUP_ROWS: usize = 100_000;

/// Devices whose series the writer keeps in mind: those being read now.
pub const SERIES_CACHE_DEVICES: usize = 2_048;

/// Sessions in a row without a word of the meter after which the next one only looks whether it answers again.
pub const PROBE_AFTER: u32 = 3;

/// How long such a look may take, seconds: opening the line and one answer over a slow modem.
pub const PROBE_S: u64 = 30;

/// Silence that ends a question of a tunnel's program on a line that carries packets, milliseconds: segments of one
/// question are closer, and a maker's program waits at least ten times as long for an answer.
pub const TUNNEL_GATHER_MS: u64 = 50;

/// Connections to a tunnel that are told of while it is open, the last ones.
pub const TUNNEL_CONNECTIONS: usize = 20;

/// The longest tunnel, minutes: a working day at a site.
pub const TUNNEL_MINUTES: u32 = 480;

/// Jobs that wait or run: more devices than one process is meant to read.
pub const JOBS_WAITING: usize = 100_000;

/// Live streams open at once: screens of a dispatcher's office.
pub const LIVE_STREAMS: usize = 64;

/// Values of one page of records: 10 000 hours of 20 columns.
pub const PAGE_VALUES: u32 = 200_000;

/// Rows of the archive of a point in one answer: a year of half-hours, or two of hours.
pub const STRIP_ROWS: usize = 20_000;

/// Columns of the archive of a point in one answer: more than the largest meters have for an input.
pub const STRIP_COLUMNS: usize = 64;

/// Backups that a list shows, the newest: a year of nights is looked through on the machine itself.
pub const BACKUPS_SHOWN: u32 = 100;

/// Minutes of the host's own figures that are kept in memory: a day, of about 200 bytes each.
pub const FIGURE_MINUTES: usize = 24 * 60;

/// Sessions that retention looks at in one transaction: milliseconds of the writer's time.
pub const PRUNE_SESSIONS: usize = 200;

/// Bytes of traces that retention removes in one transaction, about. Each page of them is read.
pub const PRUNE_BYTES: i64 = 16 << 20;

/// Sessions of the journal that one page is looked for in: a filter that nothing fits costs a page tenths of a second,
/// and the next page goes on.
pub const JOURNAL_SCAN: u32 = 200_000;

/// Sessions that the store gives at once to an export.
pub const EXPORT_PAGE: u32 = 1_000;

/// Sessions of one export: about 200 MB. The next begins after the last row of it.
pub const EXPORT_ROWS: u32 = 1_000_000;

/// How long such a package may take to come, seconds: over a slow line of an office.
pub const PACKAGE_TIME_S: u64 = 600;

/// Bytes of a driver package: a component, some dozens of recordings, documents, packed.
pub const DRIVER_PACKAGE_BYTES: usize = 48 << 20;

/// Bytes of everything in it, unpacked.
pub const DRIVER_UNPACKED_BYTES: usize = 256 << 20;

/// Files in it: more recordings than that are no test but an archive.
pub const DRIVER_PACKAGE_FILES: usize = 256;

/// Bytes of its manifest: the names and digests of so many files.
pub const DRIVER_MANIFEST_BYTES: usize = 256 << 10;

/// Bytes of one of its documents.
pub const DRIVER_DOCUMENT_BYTES: usize = 4 << 20;

/// Entries of the watched folder that are looked at: what one developer builds.
pub const WATCHED_FILES: usize = 256;

/// Bytes of the manifest of an artifact in a registry: one layer needs a thousand.
pub const OCI_MANIFEST_BYTES: usize = 64 << 10;

/// Bytes of a registry's other answers: tokens, and what it says when it refuses.
pub const OCI_ANSWER_BYTES: usize = 64 << 10;

/// Bytes of the file of logins at registries.
pub const OCI_LOGINS_BYTES: u64 = 1 << 20;

/// Redirections of one request to a registry: to the storage behind it, and that one's mirror.
pub const OCI_REDIRECTIONS: usize = 4;

/// Models of one driver.
pub const MODELS: usize = 1_024;

/// Bytes of a text of a manifest; the longest is what is new in a version.
pub const CHANGELOG_BYTES: usize = 8_192;

/// Bytes that compiling one component may take, what the allocator and the stacks of threads reserve included.
pub const COMPILE_MEMORY_BYTES: usize = 2 << 30;

/// Wall time of a session that is held again, by the clock of its trace: it was shorter than its own bound.
pub const REPLAY_WALL: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3_600);

/// Recorded sessions that a shadow run holds again at most: a night of a small park.
pub const SHADOW_SESSIONS: u32 = 1_000;

/// Differences that the report of a shadow run names; the rest is counted.
pub const SHADOW_DIFFERENCES: usize = 200;

/// Failures of the conformance kit that are kept of a package's report; the rest is counted.
pub const REPORT_FAILURES: usize = 20;

/// Values of which the report of a shadow run names what is stored and what came: somebody looks at them one by one.
pub const SHADOW_VALUES: usize = 200;

/// Sessions in which one page of what a driver logged is looked for.
pub const LOG_SESSIONS: u32 = 200;

/// Bytes of their traces that are looked through for it, about: tenths of a second.
pub const LOG_TRACE_BYTES: usize = 16 << 20;

/// Log lines of one session that a page shows, the last ones: more stand in the session's trace.
pub const LOG_LINES_A_SESSION: usize = 200;

/// Versions of drivers that metrics name since the start of the host: each is some dozens of series. Those beyond are
/// counted together.
pub const METRIC_VERSIONS: usize = 100;

/// Sessions of a version in [`QUARANTINE_WINDOW`] that end by its own fault before it is stopped.
pub const QUARANTINE_FAULTS: usize = 3;

/// How long faults of a version are remembered.
pub const QUARANTINE_WINDOW: std::time::Duration = std::time::Duration::from_secs(600);

/// Questions on a silent line after which a driver of the conformance kit has to give up: three attempts of a few ways
/// to wake a meter.
pub const SILENT_QUESTIONS: usize = 60;

/// How long it may wait on it in all: others wait for the line.
pub const SILENT_TIME: std::time::Duration = std::time::Duration::from_secs(300);

/// Questions on a line that was closed: the driver was told, and each costs a call.
pub const CLOSED_QUESTIONS: usize = 3;

/// Places at which the conformance kit cuts the line of a recording: each is a session.
pub const CUT_PLACES: usize = 32;

/// Places at which it cuts a session and goes on in another.
pub const RESUME_PLACES: usize = 8;

/// Rows of one session of the conformance kit: a year of hours, and more.
pub const CONFORMANCE_ROWS: usize = 10_000;

/// Questions that it takes to come to so many rows: seconds of a driver that gives one row an answer.
pub const CONFORMANCE_QUESTIONS: usize = 60_000;

/// Arguments of one command to a device: a week's programme has about fifty.
pub const CONTROL_ARGUMENTS: usize = 64;

/// Bytes of a name, a value or a reason of an order to change a device.
pub const CONTROL_TEXT_BYTES: usize = 256;

/// How long what was shown of a device may be confirmed: as long as a person looks at it, not until he has forgotten.
pub const CONTROL_CONFIRM: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// How long an order may wait for its line: what was decided half an hour ago may be wrong by now.
pub const CONTROL_WAIT: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// Orders that may be written to one device in a day: settings live in memory that wears out, and more is a program gone
/// wild.
pub const CONTROL_A_DAY: u32 = 20;

/// The least time between two writes of the same setting or command.
pub const CONTROL_APART: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

/// Settings of one device that an order shows: a weather controller has about a hundred.
pub const CONTROL_SHOWN: usize = 512;

/// Addresses that a search of a line tries: an M-Bus has 250, a Modbus 247.
pub const PROBE_ADDRESSES: usize = 1_024;

/// How long a searched line rests between two questions: whoever else is on it gets through.
pub const PROBE_PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// The same after somebody has answered: what he still sends must not be taken for the answer of the next.
pub const PROBE_PAUSE_ANSWERED: std::time::Duration = std::time::Duration::from_millis(1_000);

/// Answers that nobody understood which a search tells: on a noisy line there is one at each address.
pub const PROBE_STRANGE: usize = 50;

/// Characters of a password at least: shorter ones are found by trying (NIST SP 800-63B asks for 8, and 15 without a second
/// factor).
pub const PASSWORD_CHARS: usize = 10;

/// Bytes of a password at most: a sentence, and no work for the hash.
pub const PASSWORD_BYTES: usize = 512;

/// Passwords that are hashed at once: each takes 19 MiB and a processor for tens of milliseconds.
pub const HASHES_AT_ONCE: usize = 2;

/// Sign-ins that wait for their hash: a whole office in the morning. More is somebody who tries passwords.
pub const HASHES_WAITING: usize = 32;

/// How long a one-time secret holds, seconds: over a weekend.
pub const ONE_TIME_S: i64 = 72 * 3_600;

/// How long a sign-in holds that is not used, seconds: a shift of a dispatcher and the way home.
pub const SIGN_IN_IDLE_S: i64 = 16 * 3_600;

/// How long a sign-in holds however much it is used, seconds.
pub const SIGN_IN_S: i64 = 7 * 24 * 3_600;

/// Sign-ins of one account: screens and telephones of a person. One more ends the oldest.
pub const SIGN_INS_OF_ACCOUNT: i64 = 20;

/// Keys of one program that hold: two while one takes the place of the other, for each of a few purposes.
pub const KEYS_OF_ACCOUNT: u32 = 10;

/// Grants of one account: more are better said as an organisation.
pub const GRANTS_OF_ACCOUNT: usize = 1_000;

/// How long it is believed who a token belongs to before the store is asked again, seconds. What this host changes it
/// knows at once.
pub const KNOWN_S: i64 = 5;

/// Tokens whose owners are remembered: more are asked for each time.
pub const KNOWN_TOKENS: usize = 4_096;

/// How long after a use of a sign-in or a key the next one is written down, seconds: a row a minute wears no disk.
pub const SEEN_S: i64 = 60;

/// Wrong passwords of one name from one address before the next one has to wait.
pub const TRIES_OF_NAME_AT_ADDRESS: u32 = 5;

/// Wrong passwords of one name from anywhere, or of any name from one address, before the next one has to wait: an office
/// behind one address mistypes some.
pub const TRIES: u32 = 20;

/// The longest wait after a wrong password, seconds.
pub const TRY_WAIT_S: i64 = 15 * 60;

/// The longest wait of a name whatever the address, seconds: short enough that nobody is kept out by somebody else who
/// mistypes his name on purpose.
pub const NAME_WAIT_S: i64 = 60;

/// Names and addresses whose wrong passwords are counted. Beyond, those that waited longest are forgotten.
pub const TRIES_COUNTED: usize = 20_000;

/// Rows of refused sign-ins that are kept, the newest: some megabytes, whoever tries passwords from how many addresses.
pub const REFUSED_ROWS: i64 = 10_000;

/// Refused sign-ins of one name from one address are one row while not more than so many seconds are between them.
pub const REFUSED_TOGETHER_S: i64 = 3_600;

/// Refused sign-ins that are written down a second on the average, and at once: more are only counted, for an attack must
/// not wear the disk nor fill the log.
pub const REFUSED_A_SECOND: u32 = 5;

/// See [`REFUSED_A_SECOND`].
pub const REFUSED_AT_ONCE: u32 = 100;

/// Seconds that a provider of identities may take for an answer: somebody waits.
pub const OIDC_S: u64 = 10;

/// Bytes of an answer of a provider of identities: its keys are the largest.
pub const OIDC_ANSWER_BYTES: usize = 1 << 20;

/// Seconds for which it is believed what a provider of identities says of itself and its keys: nobody asks it through this
/// host more often.
pub const OIDC_KNOWN_S: u64 = 300;

/// Requests of one account, or of one address without one, a second on the average and at once: a page of the client
/// takes about ten, a program that copies archives a few at once.
pub const REQUESTS_A_SECOND: u32 = 100;

/// See [`REQUESTS_A_SECOND`].
pub const REQUESTS_AT_ONCE: u32 = 500;

/// Accounts and addresses whose requests are counted before those that rest are forgotten.
pub const REQUESTS_COUNTED: usize = 10_000;

/// Connections to the API at once: an office of browsers and some programs.
pub const HTTP_CONNECTIONS: usize = 1_024;

/// Of them from one address: one browser has six, an office behind one address more.
pub const HTTP_CONNECTIONS_OF_ADDRESS: usize = 256;

/// How long the head of a request, or a TLS handshake, may take to come.
pub const HTTP_HEAD_TIME: std::time::Duration = std::time::Duration::from_secs(15);

/// Bytes of the head of a request.
pub const HTTP_HEAD_BYTES: usize = 64 << 10;

/// How often the live stream looks whether its watcher may see what it saw, and what is new.
pub const LIVE_LOOK: std::time::Duration = std::time::Duration::from_secs(10);

/// How often the files of the certificate are looked at.
pub const CERTIFICATE_LOOK: std::time::Duration = std::time::Duration::from_secs(60);

/// Rows of an import: twice the largest fleet that one host is meant for.
pub const IMPORT_ROWS: usize = 20_000;

/// Columns of an import: there are two dozen.
pub const IMPORT_COLUMNS: usize = 64;

/// Parts of a workbook: those of an ordinary one are some dozens.
pub const IMPORT_PARTS: usize = 1_000;

/// Bytes of a workbook when it is inflated: a full import has a tenth of that.
pub const IMPORT_INFLATED_BYTES: usize = 64 << 20;

/// Tests of connections at once: each holds a line and a slot of a session while somebody looks on.
pub const TRIALS: usize = 4;

/// Tests that are remembered: somebody looks at one within minutes.
pub const TRIALS_KEPT: usize = 32;

/// How long a test waits for its line: longer nobody looks on, and whoever has the line is told.
pub const TRIAL_WAIT: std::time::Duration = std::time::Duration::from_secs(60);

/// Longest test: one identification, clock and current values over a slow line.
pub const TRIAL_WALL: std::time::Duration = std::time::Duration::from_secs(180);

/// Values of a test that are shown.
pub const TRIAL_VALUES: usize = 500;

/// Characters of a test's trace that are shown: identification, clock and current values take some thousands.
pub const TRIAL_TRACE_CHARACTERS: usize = 256 << 10;

/// Records of one page of the change feed: some 50 000 values.
pub const FEED_RECORDS: u32 = 1_000;

/// Records that one page of the change feed looks through for those that whoever asks may see: some ten milliseconds.
pub const FEED_SCAN: i64 = 50_000;

/// Longest wait for a change, seconds: below what proxies on the way allow.
pub const FEED_WAIT_S: u32 = 30;

/// How often somebody who waits for a change is looked after: a look is one step in an index.
pub const FEED_LOOK: std::time::Duration = std::time::Duration::from_millis(250);

/// Requests that wait for a change at once: each costs four looks a second.
pub const FEED_WAITS: usize = 64;

/// Exports of records at once: each holds a page of rows, and a processor while it is read as fast as it is written.
pub const BULK_EXPORTS: usize = 8;

/// Devices that such an export looks up at once.
pub const BULK_DEVICES: u32 = 200;

/// Values that such an export reads at once: some megabytes of text.
pub const BULK_VALUES: u32 = 20_000;

/// Webhooks: each costs a look a second.
pub const WEBHOOKS: i64 = 50;

/// Bytes of the address of a webhook.
pub const WEBHOOK_URL_BYTES: usize = 2_000;

/// Records of one delivery to a webhook: some hundreds of kilobytes of JSON.
pub const WEBHOOK_RECORDS: u32 = 100;

/// Events that one delivery is made of.
pub const WEBHOOK_ITEMS: u32 = 100;

/// Events that wait for webhooks: a day of a fleet of 10 000. Older ones are removed, and counted.
pub const WEBHOOK_EVENTS: i64 = 300_000;

/// Times that a delivery is sent: with the waits between, for about three hours.
pub const WEBHOOK_ATTEMPTS: i64 = 8;

/// The wait after the first failure; each is four times the one before, up to the longest.
pub const WEBHOOK_WAIT: std::time::Duration = std::time::Duration::from_secs(10);

/// The longest wait between two attempts.
pub const WEBHOOK_WAIT_MOST: std::time::Duration = std::time::Duration::from_secs(3_600);

/// How long a receiver may take until it is connected.
pub const WEBHOOK_CONNECT: std::time::Duration = std::time::Duration::from_secs(5);

/// How long a receiver may take in all: it should put down what it gets, and work on it later.
pub const WEBHOOK_TIME: std::time::Duration = std::time::Duration::from_secs(10);

/// How often it is looked whether there is something for webhooks.
pub const WEBHOOK_LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// How often the states of nodes are compared with those that were told.
pub const WEBHOOK_NODES: std::time::Duration = std::time::Duration::from_secs(10);

/// Deliveries of a webhook that were taken and are remembered.
pub const WEBHOOK_DONE: i64 = 200;

/// Deliveries of a webhook that were given up and can be sent again. Older ones are forgotten.
pub const WEBHOOK_DEAD: i64 = 1_000;

/// Characters of what was wrong with a delivery.
pub const WEBHOOK_FAULT: usize = 300;
