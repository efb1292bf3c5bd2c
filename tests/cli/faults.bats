#!/usr/bin/env bats
load ../lib/common

@test "a killed up leaves ledger and catalog in agreement, on SQLite" {
	bash "$MIGRATE_TOP/tests/faults/kill.sh" "$MIGRATE_BUILD" 4 sqlite
}

@test "a killed up leaves ledger and catalog in agreement, on PostgreSQL" {
	bash "$MIGRATE_TOP/tests/faults/kill.sh" "$MIGRATE_BUILD" 4 postgresql
}

@test "twenty runs at once apply each pair exactly once, on SQLite" {
	bash "$MIGRATE_TOP/tests/faults/concurrent.sh" "$MIGRATE_BUILD" 20 50 sqlite
}

@test "twenty runs at once apply each pair exactly once, on PostgreSQL" {
	bash "$MIGRATE_TOP/tests/faults/concurrent.sh" "$MIGRATE_BUILD" 20 50 postgresql
}

@test "a disturbed up of scripts of every kind is gone on with, on SQLite" {
	python3 "$MIGRATE_TOP/tests/faults/mixed.py" "$MIGRATE_BUILD" 2 \
		--engine sqlite
}

@test "a disturbed up of scripts of every kind is gone on with, on PostgreSQL" {
	python3 "$MIGRATE_TOP/tests/faults/mixed.py" "$MIGRATE_BUILD" 1 \
		--engine postgresql --fault kill --fault session
}

@test "twenty runs at once apply each pair exactly once, on MariaDB" {
	bash "$MIGRATE_TOP/tests/faults/concurrent.sh" "$MIGRATE_BUILD" 20 50 mariadb
}

@test "a disturbed up of scripts of every kind is gone on with, on MariaDB" {
	python3 "$MIGRATE_TOP/tests/faults/mixed.py" "$MIGRATE_BUILD" 1 \
		--engine mariadb --fault kill
}
