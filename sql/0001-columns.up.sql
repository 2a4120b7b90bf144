-- light-snapshot: the six columns of nova's cell databases (nova, nova_cell0 and every other cell).
-- `light-snapshot install` runs each statement whose column is missing. By hand: mysql nova < 0001-columns.up.sql

ALTER TABLE instances ADD COLUMN light_snapshot_enable tinyint(1) NULL;
ALTER TABLE instances ADD COLUMN snapshot_committed tinyint(1) NULL;
ALTER TABLE instances ADD COLUMN snapshot_index int(11) NULL;
ALTER TABLE instances ADD COLUMN root_index int(11) NULL;
ALTER TABLE instances ADD COLUMN snapshot_store tinyint(1) NULL;
ALTER TABLE instances ADD COLUMN snapshot_daily tinyint(1) NULL;

ALTER TABLE shadow_instances ADD COLUMN light_snapshot_enable tinyint(1) NULL;
ALTER TABLE shadow_instances ADD COLUMN snapshot_committed tinyint(1) NULL;
ALTER TABLE shadow_instances ADD COLUMN snapshot_index int(11) NULL;
ALTER TABLE shadow_instances ADD COLUMN root_index int(11) NULL;
ALTER TABLE shadow_instances ADD COLUMN snapshot_store tinyint(1) NULL;
ALTER TABLE shadow_instances ADD COLUMN snapshot_daily tinyint(1) NULL;
