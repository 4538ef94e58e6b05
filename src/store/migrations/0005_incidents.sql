-- what became worse, from the first suspicion to its end
CREATE TABLE incidents (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL, -- speed, first_token, failures, behaviour
    cause TEXT NOT NULL, -- 'model:' and a contender, 'provider:' and its id, 'line'
    state TEXT NOT NULL, -- suspected, confirmed, recovered, cleared, rebased
    version BIGINT NOT NULL, -- of two replicas that change it, the first succeeds
    opened_at BIGINT NOT NULL,
    closed_at BIGINT, -- NULL: it is open
    details TEXT NOT NULL -- JSON: series, probes, who has seen it, until when it is muted
);
CREATE UNIQUE INDEX incidents_open ON incidents (kind, cause) WHERE closed_at IS NULL;
CREATE INDEX incidents_closed ON incidents (closed_at);

-- the message of an incident on a platform
CREATE TABLE incident_messages (
    incident TEXT NOT NULL,
    platform TEXT NOT NULL,
    owner TEXT NOT NULL, -- the process that posts it
    message_ref TEXT, -- NULL: it is being posted
    shown BIGINT NOT NULL, -- a hash of the text that it shows
    replies BIGINT NOT NULL, -- the changes that its thread has
    gone BIGINT NOT NULL, -- 1: it was deleted
    PRIMARY KEY (incident, platform)
);
