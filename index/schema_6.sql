-- The tables are those of version 5: from here on the means of small libraries are tempered by those of their languages anywhere.
SELECT 6;
