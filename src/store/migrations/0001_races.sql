-- Portable: BIGINT for times (milliseconds since 1970), counts, money (millionths of a dollar) and truth (0 or 1),
-- TEXT for ids and JSON. Both engines run this file as it is.

-- what a platform delivered and was let in: it runs once, whichever replica gets it
CREATE TABLE deliveries (
    platform TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (platform, id)
);
CREATE INDEX deliveries_at ON deliveries (at);

CREATE TABLE races (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL,
    asker TEXT NOT NULL,
    asker_name TEXT NOT NULL,
    prompt TEXT, -- NULL: not kept, or forgotten
    admitted_at BIGINT NOT NULL,
    status TEXT NOT NULL, -- live: it runs; ended: its last frame is still to be shown; shown: nothing is left to do
    owner TEXT NOT NULL, -- the process that runs it
    reference TEXT, -- the platform's: where its message stands; NULL once it is shown
    stop BIGINT NOT NULL DEFAULT 0, -- somebody asked another replica to stop it
    settled BIGINT NOT NULL DEFAULT 0 -- what it reserved was given back or charged
);
CREATE INDEX races_asker ON races (asker, admitted_at);
CREATE INDEX races_admitted ON races (admitted_at);
CREATE INDEX races_status ON races (status);

CREATE TABLE lanes (
    race TEXT NOT NULL,
    place BIGINT NOT NULL,
    model TEXT NOT NULL,
    status TEXT NOT NULL,
    simulated BIGINT NOT NULL,
    tokens_per_second DOUBLE PRECISION,
    token_count TEXT NOT NULL,
    report TEXT NOT NULL, -- JSON, without the texts
    answer TEXT,
    reasoning TEXT,
    PRIMARY KEY (race, place)
);

-- how much of each limit is used in each period; money, requests under way, races of one person
CREATE TABLE spend (
    scope TEXT NOT NULL,
    period BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (scope, period)
);

-- what a race holds of those until it is settled
CREATE TABLE holds (
    race TEXT NOT NULL,
    scope TEXT NOT NULL,
    period BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    is_money BIGINT NOT NULL,
    PRIMARY KEY (race, scope, period)
);

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    until BIGINT NOT NULL
);

-- when processes and gateway sessions began
CREATE TABLE starts (
    id TEXT NOT NULL PRIMARY KEY,
    what TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX starts_at ON starts (what, at);
