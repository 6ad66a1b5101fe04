
-- The words of messages, without case, diacritics and punctuation; the texts themselves are in `messages`. A row is numbered by time, then id
-- (`search/mod.rs`). What is taken out is taken out of the pages at once. A page of FTS5 fits into one of the file with what SQLCipher adds.
CREATE VIRTUAL TABLE search USING fts5 (words, content = '', columnsize = 0, tokenize = 'ascii', prefix = '2 3');
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
INSERT INTO search (search, rank) VALUES ('pgsz', 3900);
