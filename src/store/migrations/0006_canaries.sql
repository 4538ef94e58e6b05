-- the canaries of the configuration; a row outlives its table there
CREATE TABLE canaries (
    id TEXT NOT NULL PRIMARY KEY,
    prompt_hash TEXT NOT NULL,
    prompt_since BIGINT NOT NULL, -- answers since then are answers to this prompt
    last_tick BIGINT NOT NULL, -- the newest due time that a replica claimed
    paused_by TEXT, -- the name of the person who paused it; NULL: it is not paused, '': the name was deleted
    pauser TEXT, -- their id
    refused_at BIGINT NOT NULL DEFAULT 0, -- the newest refusal by a budget; 0: none
    refused_by TEXT NOT NULL DEFAULT '' -- the budget: canary, service
);
CREATE INDEX races_tag ON races (tag, admitted_at) WHERE tag IS NOT NULL;

-- of the answers of canaries: the canary, and JSON of what is counted in an answer, without its text
ALTER TABLE samples ADD COLUMN tag TEXT;
ALTER TABLE samples ADD COLUMN features TEXT;
CREATE INDEX samples_features ON samples (tag, contender, at) WHERE features IS NOT NULL;
