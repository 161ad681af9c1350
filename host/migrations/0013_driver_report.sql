-- What the conformance kit found of a driver's version, as its package says.

alter table driver_version add column report text;  -- JSON: kit, seeds, counts, what failed; null: the package has none.
