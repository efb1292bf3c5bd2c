#include "core/db/mysql/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define PATIENCE_S 30
/* The oldest that can bring a session back to its beginning. */
#define OLDEST_MARIADB 100204
#define OLDEST_MYSQL 50703

/* What makes each session of ours the same, whatever the server's defaults. */
static const char main_settings[] = "SET NAMES utf8mb4, autocommit = 1";
/* Also: nothing of the person's server changes how a definition reads, lists
   are not cut short, the lock outlives a script of many hours, and nothing is
   waited for without end. */
#define SIDE_SETTINGS                                                          \
	"SET NAMES utf8mb4, autocommit = 1, sql_mode = '', "                   \
	"group_concat_max_len = 16777216, wait_timeout = 2147483, "            \
	"lock_wait_timeout = %d"

static unsigned patience_s(const struct my *my)
{
	int ms = my->db.options.connect_ms;

	if (my->url.connect_timeout > 0)
		return (unsigned)my->url.connect_timeout;
	return ms > 0 ? (unsigned)(ms + 999) / 1000 : PATIENCE_S;
}

static void set_tls(MYSQL *mysql, const struct my_url *url)
{
	my_bool on = 1, off = 0;

	if (url->tls_ca)
		mysql_optionsv(mysql, MYSQL_OPT_SSL_CA, url->tls_ca);
	if (url->tls_cert)
		mysql_optionsv(mysql, MYSQL_OPT_SSL_CERT, url->tls_cert);
	if (url->tls_key)
		mysql_optionsv(mysql, MYSQL_OPT_SSL_KEY, url->tls_key);
	if (url->tls == MY_TLS_DISABLED)
		mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &off);
	else if (url->tls != MY_TLS_DEFAULT || my_url_leaves_machine(url))
		mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &on);
	/* the library has but one check, and it is of both */
	mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT,
		       url->tls >= MY_TLS_VERIFY_CA ? &on : &off);
}

/* What the library calls to enforce it only prefers. */
static int check_tls(struct my_conn *c, struct error *err)
{
	if (c->my->url.tls < MY_TLS_REQUIRED || mysql_get_ssl_cipher(c->mysql))
		return 0;
	error_set(err, ERROR_CONNECTION,
		  "unable to connect to '%s': the server offers no TLS",
		  c->my->db.label);
	return error_hint(err, "see the URL's ssl-mode and ssl-ca");
}

static void set_options(MYSQL *mysql, const struct my *my)
{
	const struct my_url *url = &my->url;
	unsigned seconds = patience_s(my), no = 0;

	mysql_optionsv(mysql, MYSQL_OPT_NONBLOCK, 0);
	if (url->default_file)
		mysql_optionsv(mysql, MYSQL_READ_DEFAULT_FILE,
			       url->default_file);
	mysql_optionsv(mysql, MYSQL_READ_DEFAULT_GROUP,
		       url->default_group ? url->default_group : "client");
	mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	/* a server must not ask for files of this machine */
	mysql_optionsv(mysql, MYSQL_OPT_LOCAL_INFILE, &no);
	mysql_optionsv(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name",
		       "git-migrate");
	set_tls(mysql, url);
}

/* What an option file says counts before the environment. */
static const char *password_of(MYSQL *mysql, const struct my_url *url)
{
	if (url->password)
		return url->password;
	return mysql->options.password ? NULL : getenv("MYSQL_PWD");
}

static int start(struct my_conn *c, const char *database, MYSQL **made)
{
	const struct my_url *url = &c->my->url;
	bool local;

	c->mysql = mysql_init(NULL);
	if (!c->mysql)
		return 0;
	set_options(c->mysql, c->my);
	c->lost = false;
	c->several = 0;
	c->connecting = true;
	/* "localhost" means the socket, but not when a port is named */
	local = url->host && !strcasecmp(url->host, "localhost") && url->port;
	return mysql_real_connect_start(
		made, c->mysql, local ? "127.0.0.1" : url->host, url->user,
		password_of(c->mysql, url), database, url->port, url->socket,
		CLIENT_MULTI_RESULTS);
}

int my_conn_start(struct my_conn *c)
{
	MYSQL *made = NULL;

	return start(c, NULL, &made);
}

int my_conn_started(struct my_conn *c, struct error *err)
{
	c->connecting = false;
	c->id = mysql_thread_id(c->mysql);
	return check_tls(c, err);
}

static int conn_open(struct my_conn *c, struct error *err)
{
	MYSQL *made = NULL;
	int status = start(c, c->my->url.database, &made);

	if (!c->mysql)
		return error_set(err, ERROR_FAILED, "out of memory");
	while (status)
		status = mysql_real_connect_cont(&made, c->mysql,
						 my_wait(c, status));
	c->connecting = false;
	if (!made) {
		my_failure_connect(c, err);
		my_conn_close(c);
		return -1;
	}
	if (my_conn_started(c, err) == 0)
		return 0;
	my_conn_close(c);
	return -1;
}

void my_conn_close(struct my_conn *c)
{
	my_forget_kept(c);
	if (c->mysql)
		mysql_close(c->mysql);
	c->mysql = NULL;
}

static int set_side(struct my *my, struct error *err)
{
	char sql[sizeof(SIDE_SETTINGS) + 16];

	snprintf(sql, sizeof(sql), SIDE_SETTINGS,
		 (my_patience_ms(my) + 999) / 1000);
	return my_run_sql(&my->side, sql, err);
}

int my_side(struct my *my, struct my_conn **out, struct error *err)
{
	*out = &my->side;
	if (my->side.mysql && !my->side.lost)
		return 0;
	my_conn_close(&my->side);
	if (conn_open(&my->side, err) < 0)
		return -1;
	return set_side(my, err);
}

int my_side_adopt(struct my *my, struct my *other, struct error *err)
{
	int result = 0;

	my_forget_kept(&other->main);
	my->side.mysql = other->main.mysql;
	my->side.id = other->main.id;
	other->main.mysql = NULL;
	MY_CALL(&my->side, result, mysql_select_db, my->side.mysql,
		my->db.database);
	if (result)
		return my_failure(&my->side, mysql_errno(my->side.mysql),
				  mysql_error(my->side.mysql),
				  mysql_sqlstate(my->side.mysql), err);
	return set_side(my, err);
}

int my_conn_reset(struct my_conn *c, struct error *err)
{
	int result = 0;

	my_forget_kept(c);
	my_limits_forget(c->my);
	c->my->checked_us = 0;
	if (c->several)
		c->several = -1;
	MY_CALL(c, result, mysql_reset_connection, c->mysql);
	if (!result)
		MY_CALL(c, result, mysql_select_db, c->mysql,
			c->my->db.database);
	if (result)
		return my_failure(c, mysql_errno(c->mysql),
				  mysql_error(c->mysql),
				  mysql_sqlstate(c->mysql), err);
	return my_run_sql(c, main_settings, err);
}

/* --- who is there --------------------------------------------------------- */

bool my_is_mariadb(const struct my *my)
{
	return my->db.engine == &db_engine_mariadb;
}

static void set_label(struct my *my, const char *database)
{
	char *shown = text_visible(my, database, false);

	talloc_free(my->db.database);
	talloc_free(my->db.label);
	my->db.database = talloc_strdup(my, database);
	my->db.label = talloc_asprintf(my, "%s:%s", my->db.engine->name, shown);
	talloc_free(shown);
}

/* "10.11.19-MariaDB-0+deb12u1" is 10.11.19 */
static int set_version(struct my *my, struct error *err)
{
	const char *text = mysql_get_server_info(my->main.mysql);
	unsigned long number = mysql_get_server_version(my->main.mysql);
	bool mariadb = mariadb_connection(my->main.mysql);

	my->db.engine = mariadb ? &db_engine_mariadb : &db_engine_mysql;
	my->db.server_version = talloc_strndup(my, text,
					       strspn(text, "0123456789."));
	my->db.major = (int)(number / 10000);
	if (number >= (mariadb ? OLDEST_MARIADB : OLDEST_MYSQL))
		return 0;
	return error_set(err, ERROR_FAILED,
			 "the server of '%s' is %s %s; %s is the oldest that "
			 "works",
			 my->db.label, mariadb ? "MariaDB" : "MySQL",
			 my->db.server_version, mariadb ? "10.2.4" : "5.7.3");
}

static int take_name(const char *const *values, int count, void *data)
{
	(void)count;
	if (values[0])
		set_label(data, values[0]);
	return 0;
}

/* The database may have been named by an option file. */
static int find_database(struct my *my, struct error *err)
{
	static const char ask[] = "SELECT DATABASE()";

	if (my_run(&my->main, ask, sizeof(ask) - 1, take_name, my, NULL, err) <
	    0)
		return -1;
	if (*my->db.database)
		return 0;
	error_set(err, ERROR_FAILED, "the URL names no database");
	return error_hint(err, "put it behind the host: mariadb://HOST/NAME");
}

static int close_my(struct my *my)
{
	talloc_free(my->observer);
	my->observer = NULL;
	my_conn_close(&my->main);
	if (my->scratch)
		my_scratch_drop(my);
	my_conn_close(&my->side);
	return 0;
}

static void copy_url(struct my *my, const struct my_url *url)
{
	const char **texts[] = {
		&my->url.user,		&my->url.password,
		&my->url.host,		&my->url.socket,
		&my->url.database,	&my->url.default_file,
		&my->url.default_group, &my->url.tls_ca,
		&my->url.tls_cert,	&my->url.tls_key,
	};

	my->url = *url;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		*texts[i] = talloc_strdup(my, *texts[i]);
}

int my_open_url(TALLOC_CTX *mem, const struct my_url *url,
		const struct db_options *options, struct my **out,
		struct error *err)
{
	struct my *my = talloc_zero(mem, struct my);

	my->db.engine = url->mariadb ? &db_engine_mariadb : &db_engine_mysql;
	my->db.options = *options;
	my->main.my = my->side.my = my;
	my->main.watched = true;
	my_limits_forget(my);
	copy_url(my, url);
	set_label(my, url->database ? url->database : "");
	talloc_set_destructor(my, close_my);
	if (conn_open(&my->main, err) < 0 || set_version(my, err) < 0 ||
	    find_database(my, err) < 0 ||
	    my_run_sql(&my->main, main_settings, err) < 0) {
		talloc_free(my);
		return -1;
	}
	/* what connects later must find the same one */
	my->url.database = my->db.database;
	*out = my;
	return 0;
}

int my_open(TALLOC_CTX *mem, const char *url, const struct db_options *options,
	    struct db **db, struct error *err)
{
	TALLOC_CTX *turn;
	struct my_url parsed;
	struct my *my;
	int result;

	if (lazy_mariadb_load(err) < 0)
		return -1;
	turn = talloc_new(NULL);
	result = my_url_parse(turn, url, &parsed, err);
	if (result == 0)
		result = my_open_url(mem, &parsed, options, &my, err);
	if (result == 0)
		*db = &my->db;
	talloc_free(turn);
	return result;
}
