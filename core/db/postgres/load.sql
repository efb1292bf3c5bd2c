-- How far behind the slowest replica is, in milliseconds (null: none, or none
-- that this role may see), and how many sessions of this database have waited
-- for a lock for longer than is usual between any two writers. A replica that
-- does not answer tells of no lag: its silence counts, as long as there is
-- something that it lacks. Who only receives, for a backup, replays nothing.
-- A replica itself says how old is what it has replayed last, unless that was
-- all that it receives.
SELECT (SELECT pg_catalog.ceil(extract(epoch FROM greatest(pg_catalog.max(
		CASE WHEN replay_lsn < sent_lsn
		THEN greatest(replay_lag,
			      pg_catalog.clock_timestamp() - reply_time)
		ELSE replay_lag
		END),
		CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN NULL
		WHEN EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver)
		AND pg_catalog.pg_last_wal_replay_lsn()
			>= pg_catalog.pg_last_wal_receive_lsn()
		THEN interval '0'
		ELSE pg_catalog.clock_timestamp()
		- coalesce(pg_catalog.pg_last_xact_replay_timestamp(),
			   pg_catalog.pg_postmaster_start_time())
		END)) * 1000)
	FROM pg_catalog.pg_stat_replication
	WHERE replay_lsn IS NOT NULL),
       (SELECT pg_catalog.count(DISTINCT l.pid)
	FROM pg_catalog.pg_locks l
	JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
	WHERE NOT l.granted AND l.pid <> pg_catalog.pg_backend_pid()
	  AND a.datname = pg_catalog.current_database()
	  AND l.waitstart < pg_catalog.clock_timestamp() - interval '200 ms')
