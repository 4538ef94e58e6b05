-- the race that this one continues, and what its lanes see of it: 'own' answers, or those of one lane ('shared:2')
ALTER TABLE races ADD COLUMN parent TEXT;
ALTER TABLE races ADD COLUMN context TEXT;
-- the thread that it was asked in, in the platform's terms
ALTER TABLE races ADD COLUMN thread TEXT;
-- JSON: sentences that are shown with the prompt, such as what was left out of the conversation
ALTER TABLE races ADD COLUMN notes TEXT;
CREATE INDEX races_parent ON races (parent) WHERE parent IS NOT NULL;
CREATE INDEX races_thread ON races (thread, admitted_at) WHERE thread IS NOT NULL;
