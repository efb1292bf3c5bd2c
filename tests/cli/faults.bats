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

@test "twenty runs at once apply each pair exactly once, on MariaDB" {
	bash "$MIGRATE_TOP/tests/faults/concurrent.sh" "$MIGRATE_BUILD" 20 50 mariadb
}
