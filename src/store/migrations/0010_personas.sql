-- JSON: the message that a race quotes and its persona, as its message shows them. NULL: neither, or forgotten
ALTER TABLE races ADD COLUMN circumstances TEXT;

-- the persona that a channel chose
CREATE TABLE personas (
    channel TEXT NOT NULL PRIMARY KEY, -- the platform's name and its id of the channel
    persona TEXT NOT NULL -- the id of a [[persona]]
);
