-- what a race is for: open, blind, canary
ALTER TABLE races ADD COLUMN kind TEXT NOT NULL DEFAULT 'open';
-- whose board it counts on: 'discord:' and the server's id, 'slack:' and the team's id, 'local', 'terminal'
ALTER TABLE races ADD COLUMN server TEXT NOT NULL DEFAULT '';
-- a race is grouped by its tag: the title of the example, or the id of the canary, that it came from
ALTER TABLE races ADD COLUMN tag TEXT;
-- a keyed hash of a blind race's prompt: the same question of the same asker within ten minutes counts once
ALTER TABLE races ADD COLUMN prompt_hash TEXT;
-- the reason why its ballots are shown and do not count on the board: leaked, repeated
ALTER TABLE races ADD COLUMN uncounted TEXT;
-- the end of a blind race's vote: when it is due, and when it happened. NULL: there is no vote, or it has not opened yet
ALTER TABLE races ADD COLUMN closes_at BIGINT;
ALTER TABLE races ADD COLUMN closed_at BIGINT;
CREATE INDEX races_closes ON races (closes_at) WHERE closes_at IS NOT NULL AND closed_at IS NULL;

-- the letter under which a blind race shows the lane
ALTER TABLE lanes ADD COLUMN label TEXT;
-- the model with its settings; other settings make it another contender
ALTER TABLE lanes ADD COLUMN contender TEXT NOT NULL DEFAULT '';
-- JSON: the points of time and tokens, for the replay
ALTER TABLE lanes ADD COLUMN timeline TEXT;

-- one row per race and voter; a change of mind replaces it
CREATE TABLE ballots (
    race TEXT NOT NULL,
    voter TEXT NOT NULL, -- a keyed hash of the platform's user id
    best TEXT, -- the label of a lane; NULL: none is good
    second TEXT,
    none_good BIGINT NOT NULL,
    at BIGINT NOT NULL,
    counted BIGINT NOT NULL, -- 0: shown, but not on the board
    PRIMARY KEY (race, voter)
);
CREATE INDEX ballots_voter ON ballots (voter, at);

-- what every process of this installation shares, such as the key of the voters' hashes
CREATE TABLE installation (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
