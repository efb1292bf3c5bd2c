-- What:
--
-- Rollback:
-- Expected duration:

-- migrate: edit "write the change, and fill the lines above"
