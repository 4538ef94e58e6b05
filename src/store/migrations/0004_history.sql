-- the measurements of finished and failed lanes, without texts and askers; a forgotten race keeps its numbers
CREATE TABLE samples (
    race TEXT NOT NULL,
    place BIGINT NOT NULL,
    contender TEXT NOT NULL, -- the lane's, or its model where the lane has none
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL, -- people, canary
    at BIGINT NOT NULL, -- the admission of the race
    speed DOUBLE PRECISION, -- tokens per second; NULL: it says nothing of the model
    first_token DOUBLE PRECISION, -- seconds; NULL: the prompt was long, cached or of unknown length
    failed BIGINT NOT NULL,
    PRIMARY KEY (race, place)
);
-- holds all that a history reads
CREATE INDEX samples_contender ON samples (contender, kind, at, speed, first_token, failed);
