//! What the bits of НС mean on each model (M4 note, section 11, and the maker's lists in `tests/data/ns-tables.json`): a line
//! `BIT CATEGORY [COLUMN]` each. `driver.toml` says the same for people; a test compares them. A bit whose meaning is not
//! public has no line.

pub const SPT940: &str = "
0 battery
1 power-off
2 dt-below-min dt
3 out-of-limits
4 out-of-limits
5 out-of-limits
6 out-of-limits
7 out-of-limits
8 functional-failure P1
9 functional-failure P2
10 functional-failure t1
11 functional-failure t2
12 flow-above-max G1
13 flow-below-min G1
14 flow-above-max G2
15 flow-below-min G2
16 flow-above-max G3
17 flow-below-min G3
18 mass-imbalance
19 mass-imbalance
20 mass-imbalance
21 other
22 out-of-limits t2
23 functional-failure
24 functional-failure
25 functional-failure";

pub const SPT941_20: &str = "
0 battery
1 power-off
2 other
3 other
4 functional-failure tх
5 functional-failure t4
6 functional-failure Pх
7 functional-failure P4
8 out-of-limits
9 out-of-limits
10 out-of-limits
11 out-of-limits
12 out-of-limits
32 functional-failure P1
33 functional-failure P2
34 functional-failure P3
35 functional-failure t1
36 functional-failure t2
37 functional-failure t3
38 flow-above-max G1
39 flow-below-min G1
40 flow-below-min G1
41 flow-above-max G2
42 flow-below-min G2
43 flow-below-min G2
44 flow-above-max G3
45 flow-below-min G3
46 flow-below-min G3
47 mass-imbalance
48 mass-imbalance
49 mass-imbalance
50 negative-heat Q
51 other
53 out-of-limits t2";

pub const SPT943REV3: &str = "
0 battery
1 functional-failure
2 other
3 functional-failure tх
4 out-of-limits
5 out-of-limits
7 power-off
8 functional-failure P1
9 functional-failure P2
10 functional-failure t1
11 functional-failure t2
12 functional-failure t3
13 flow-above-max G1
14 flow-below-min G1
15 flow-above-max G2
16 flow-below-min G2
17 flow-above-max G3
18 flow-below-min G3
19 mass-imbalance
20 negative-heat Q
21 mass-imbalance
22 mass-imbalance
23 dt-below-min dt";

pub const SPT944: &str = "
0 battery
1 power-off
2 functional-failure
3 other
4 other
5 other
6 other
7 functional-failure
8 functional-failure
9 functional-failure
10 functional-failure
11 functional-failure
12 functional-failure
13 functional-failure
14 functional-failure
15 functional-failure
16 functional-failure
17 functional-failure
18 functional-failure
19 flow-above-max
20 flow-below-min
21 flow-below-min
22 flow-above-max
23 flow-below-min
24 flow-below-min
25 flow-above-max
26 flow-below-min
27 flow-below-min
28 flow-above-max
29 flow-below-min
30 flow-below-min
31 flow-above-max
32 flow-below-min
33 flow-below-min
34 flow-above-max
35 flow-below-min
36 flow-below-min
37 out-of-limits
38 out-of-limits
39 out-of-limits
40 out-of-limits
41 out-of-limits
42 other
43 other
44 other
45 other
54 other
55 other
64 mass-imbalance
65 mass-imbalance
66 mass-imbalance
67 negative-heat Q
68 dt-below-min dt
69 out-of-limits t2
80 mass-imbalance
81 mass-imbalance
82 mass-imbalance
83 negative-heat Q
84 dt-below-min dt
85 out-of-limits t2";

pub const SPG740: &str = "
0 battery
1 other
2 flow-below-min Qр1
3 flow-below-min Qр2
4 flow-below-min Qр1
5 flow-below-min Qр2
6 flow-above-max Qр1
7 flow-above-max Qр2
8 functional-failure P1
9 functional-failure P2
10 functional-failure dP1
11 functional-failure
12 functional-failure
15 functional-failure Pб
16 functional-failure t1
17 functional-failure t2
18 out-of-limits
19 out-of-limits
21 functional-failure
22 functional-failure
23 power-off
25 out-of-limits
26 functional-failure
27 functional-failure";

pub const SPG742: &str = "
0 battery
1 functional-failure
2 functional-failure
3 other
4 flow-below-min Qр1
5 flow-below-min Qр2
6 flow-above-max Qр1
7 flow-above-max Qр2
8 functional-failure P1
9 functional-failure P2
10 functional-failure dP1
11 functional-failure dP2
12 functional-failure P3
13 functional-failure dP3
14 functional-failure dP4
15 functional-failure Pб
16 functional-failure t1
17 functional-failure t2
18 out-of-limits
19 out-of-limits
20 out-of-limits
21 out-of-limits
22 out-of-limits
25 out-of-limits
26 functional-failure
27 functional-failure
28 out-of-limits dP1
29 out-of-limits dP2";
