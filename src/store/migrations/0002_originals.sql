-- the race that *Race again* repeated first; NULL: this race was typed. Its texts are deleted with the original's
ALTER TABLE races ADD COLUMN original TEXT;
CREATE INDEX races_original ON races (original) WHERE original IS NOT NULL;
