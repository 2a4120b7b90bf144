-- light-snapshot: the six columns of nova's cell databases (nova, nova_cell0 and every other cell).
-- `light-snapshot install` runs each statement whose column is missing. By hand: mysql nova < 0001-columns.up.sql
-- Each statement by itself may be followed by  , ALGORITHM=INSTANT  (MariaDB 10.3.2, MySQL 8.0.12) or by
-- , ALGORITHM=INPLACE, LOCK=NONE  (MariaDB 10.0, MySQL 5.6): the server then refuses what it cannot do in that way, instead of
-- copying the table. How large it is: SELECT table_rows, data_length FROM information_schema.tables WHERE table_name = 'instances'.

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
