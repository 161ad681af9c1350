-- The wire trace in zlib's format; then `text` is empty. Null: it was kept as text, before traces were packed.
alter table trace add column packed blob;
