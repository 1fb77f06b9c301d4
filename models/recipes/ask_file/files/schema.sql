-- Library lending, PostgreSQL 14 or later.

CREATE TYPE loan_state AS ENUM ('out', 'returned', 'lost', 'claimed_returned');

CREATE TABLE branch (
    id          smallint PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    opened_on   date,
    phone       text CHECK (phone ~ '^\+[0-9 ]{6,20}$')
);

CREATE TABLE member (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    card_number   char(12) NOT NULL UNIQUE,
    full_name     text NOT NULL,
    email         citext UNIQUE,
    home_branch   smallint NOT NULL REFERENCES branch ON DELETE RESTRICT,
    joined_at     timestamptz NOT NULL DEFAULT now(),
    -- Set by the nightly job when fines exceed 15.00; clears by itself.
    blocked       boolean NOT NULL DEFAULT false
);

CREATE TABLE title (
    isbn          char(13) PRIMARY KEY,
    name          text NOT NULL,
    published     smallint CHECK (published BETWEEN 1450 AND 2100),
    language      char(2) NOT NULL DEFAULT 'en'
);

CREATE TABLE copy (
    barcode       varchar(20) PRIMARY KEY,
    isbn          char(13) NOT NULL REFERENCES title ON UPDATE CASCADE,
    branch        smallint NOT NULL REFERENCES branch,
    shelf         varchar(8),
    bought_for    numeric(8, 2)
);

CREATE TABLE loan (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    barcode       varchar(20) NOT NULL REFERENCES copy,
    member_id     bigint NOT NULL REFERENCES member ON DELETE CASCADE,
    lent_at       timestamptz NOT NULL DEFAULT now(),
    due_on        date NOT NULL DEFAULT current_date + 21,
    renewals      smallint NOT NULL DEFAULT 0 CHECK (renewals <= 3),
    state         loan_state NOT NULL DEFAULT 'out'
);

-- A copy is with one person at a time.
CREATE UNIQUE INDEX loan_one_open ON loan (barcode) WHERE state = 'out';
CREATE INDEX loan_by_member ON loan (member_id, due_on DESC);
CREATE INDEX title_search ON title USING gin (to_tsvector('simple', name));

CREATE VIEW overdue AS
SELECT m.full_name, m.email, t.name, l.due_on, current_date - l.due_on AS days_late
FROM loan l
JOIN member m ON m.id = l.member_id
JOIN copy c USING (barcode)
JOIN title t USING (isbn)
WHERE l.state = 'out' AND l.due_on < current_date;

CREATE FUNCTION fine(days integer) RETURNS numeric
LANGUAGE sql IMMUTABLE
AS $$ SELECT least(days * 0.20, 8.00) $$;

CREATE FUNCTION refuse_blocked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT blocked FROM member WHERE id = NEW.member_id) THEN
        RAISE EXCEPTION 'member % has unpaid fines', NEW.member_id
            USING ERRCODE = 'LB001';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER loan_guard BEFORE INSERT ON loan
    FOR EACH ROW EXECUTE FUNCTION refuse_blocked();

GRANT SELECT ON overdue TO desk;
GRANT SELECT, INSERT, UPDATE ON loan, member TO desk;
