-- light-snapshot: drops the six columns. By hand: mysql nova < 0001-columns.down.sql
-- Disable light snapshots on every server and take the package off every node first.

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
