-- light-snapshot: drops the six columns. By hand: mysql nova < 0001-columns.down.sql
-- Disable light snapshots on every server and take the package off every node first.
-- Each statement by itself may be followed by  , ALGORITHM=INSTANT  (MariaDB 10.4, MySQL 8.0.29) or by
-- , ALGORITHM=INPLACE, LOCK=NONE  (MariaDB 10.0, MySQL 5.6): the server then refuses what it cannot do in that way, instead of
-- copying the table. How large it is: SELECT table_rows, data_length FROM information_schema.tables WHERE table_name = 'instances'.

ALTER TABLE instances DROP COLUMN snapshot_daily;
ALTER TABLE instances DROP COLUMN snapshot_store;
ALTER TABLE instances DROP COLUMN root_index;
ALTER TABLE instances DROP COLUMN snapshot_index;
ALTER TABLE instances DROP COLUMN snapshot_committed;
ALTER TABLE instances DROP COLUMN light_snapshot_enable;

ALTER TABLE shadow_instances DROP COLUMN snapshot_daily;
ALTER TABLE shadow_instances DROP COLUMN snapshot_store;
ALTER TABLE shadow_instances DROP COLUMN root_index;
ALTER TABLE shadow_instances DROP COLUMN snapshot_index;
ALTER TABLE shadow_instances DROP COLUMN snapshot_committed;
ALTER TABLE shadow_instances DROP COLUMN light_snapshot_enable;
