-- Undoes:
--
-- Data loss:
-- Expected duration:

-- migrate: edit "write what undoes the change, or that it is irreversible"
