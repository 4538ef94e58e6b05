-- the names of the attached files, as JSON; NULL: there are none, or they are not kept, or forgotten
ALTER TABLE races ADD COLUMN files TEXT;
-- the models that cannot see the attached pictures and take no part, as JSON
ALTER TABLE races ADD COLUMN sat_out TEXT;

-- the content of attached files, deleted with the prompt
CREATE TABLE attachments (
    race TEXT NOT NULL,
    place BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL, -- text, or the media type of a picture
    content TEXT NOT NULL, -- the text, or the picture in Base64
    PRIMARY KEY (race, place)
);
