#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/base/text.h"

static void check_visible(const char *text, const char *expected)
{
	char *shown = text_visible(NULL, text, false);

	assert_string_equal(shown, expected);
	talloc_free(shown);
}

static void makes_control_characters_visible(void **state)
{
	(void)state;
	check_visible("plain \xc3\xa9", "plain \xc3\xa9");
	check_visible("\033[31mred\177", "^[[31mred^?");
	check_visible("a\nb\tc\r", "a\\nb\\tc^M");
	check_visible("\xe2\x80\xae"
		      "evil",
		      "<U+202E>evil");
	check_visible("\xc2\x9b"
		      "x",
		      "<U+009B>x");
	check_visible("\xd8\x9c\xef\xbf\xbf", "<U+061C><U+FFFF>");
	check_visible("bad \xff\xc0\x80", "bad \\xFF\\xC0\\x80");
}

static void finds_invalid_utf8(void **state)
{
	static const char surrogate[] = "ab\xed\xa0\x80";
	static const char overlong[] = "\xe0\x80\xaf";
	static const char cut[] = "abc\xe2\x82";
	static const char good[] = "\xf0\x9f\x98\x80 \xe2\x82\xac";

	(void)state;
	assert_int_equal(utf8_check(surrogate, 5), 2);
	assert_int_equal(utf8_check(overlong, 3), 0);
	assert_int_equal(utf8_check(cut, 5), 3);
	assert_int_equal(utf8_check(good, strlen(good)), strlen(good));
	assert_int_equal(utf8_length(good, strlen(good)), 3);
}

static void plain_text_is_printable_ascii_only(void **state)
{
	char text[24];

	(void)state;
	for (size_t length = 1; length < sizeof(text); length++)
		for (size_t at = 0; at < length; at++)
			for (int c = 0; c < 256; c++) {
				/* after both ends of what is plain */
				memset(text, at % 2 ? ' ' : '~', sizeof(text));
				text[at] = (char)c;
				assert_int_equal(text_is_plain(text, length),
						 c >= 0x20 && c < 0x7f);
				assert_true(text_is_plain(text, at));
			}
}

static void counts_lines_and_characters(void **state)
{
	static const char text[] = "one\n\xc3\xa9\xc3\xa9 two\r\nthree";
	int line, column;

	(void)state;
	text_position(text, strlen(text), 9, &line, &column);
	assert_int_equal(line, 2);
	assert_int_equal(column, 4);
	text_position(text, strlen(text), 14, &line, &column);
	assert_int_equal(line, 3);
	assert_int_equal(column, 1);
}

static void check_redacted(const char *url, const char *expected)
{
	char *shown = url_redact(NULL, url);

	assert_string_equal(shown, expected);
	talloc_free(shown);
}

static void hides_passwords(void **state)
{
	(void)state;
	check_redacted("postgresql://app:s3cret@db/shop",
		       "postgresql://app:***@db/shop");
	check_redacted("mysql://app:s3cret@db/shop?ssl-mode=required&key=x",
		       "mysql://app:***@db/shop?ssl-mode=required&key=***");
	check_redacted("postgresql://app:s3@cr/et?@db/shop",
		       "postgresql://app:***@db/shop");
	check_redacted("postgresql://db/shop?user=a&password=x&sslmode=require",
		       "postgresql://db/shop?user=a&password=***&"
		       "sslmode=require");
	check_redacted("host=db password='it''s' dbname=shop",
		       "(unreadable URL)");
	check_redacted("host=db password='a b' dbname=shop",
		       "host=db password=*** dbname=shop");
	check_redacted("host = db PASSWORD = x", "host=db PASSWORD=***");
	check_redacted("host=db pasword=x user=a",
		       "host=db pasword=*** user=a");
	check_redacted("postgresql://db/shop?pasword=x&user=a",
		       "postgresql://db/shop?pasword=***&user=a");
	check_redacted("dbname=postgresql://app:x@db/shop user=a",
		       "dbname=*** user=a");
	check_redacted("sqlite:dev.db", "sqlite:dev.db");
	check_redacted("postgres:/app:s3cret@db/shop", "(unreadable URL)");
}

static void reads_durations(void **state)
{
	(void)state;
	assert_int_equal(text_duration_parse("1500ms"), 1500);
	assert_int_equal(text_duration_parse("1.5s"), 1500);
	assert_int_equal(text_duration_parse("30"), 30000);
	assert_int_equal(text_duration_parse("2m"), 120000);
	assert_int_equal(text_duration_parse("2min"), 120000);
	assert_int_equal(text_duration_parse("1h"), 3600000);
	assert_int_equal(text_duration_parse("999h"), 2147483647);
	assert_int_equal(text_duration_parse("0"), 0);
	assert_int_equal(text_duration_parse(""), -1);
	assert_int_equal(text_duration_parse("-1"), -1);
	assert_int_equal(text_duration_parse("nan"), -1);
	assert_int_equal(text_duration_parse("1 s"), -1);
	assert_int_equal(text_duration_parse("1d"), -1);
	assert_int_equal(text_span_parse("1d"), 86400000);
	assert_int_equal(text_span_parse("24h"), 86400000);
	assert_int_equal(text_span_parse("365d"), INT64_C(31536000000));
	assert_int_equal(text_span_parse("500ms"), 500);
	assert_int_equal(text_span_parse("1 d"), -1);
	assert_int_equal(text_span_parse("d"), -1);
}

static void writes_times_and_durations(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	assert_string_equal(text_time(mem, 1771000000123456),
			    "2026-02-13T16:26:40.123Z");
	assert_int_equal(text_time_parse("2026-02-13T16:26:40.123Z"),
			 1771000000123000);
	assert_int_equal(text_time_parse("yesterday"), 0);
	assert_string_equal(text_duration(mem, 3.24), "3.2 ms");
	assert_string_equal(text_duration(mem, 312.7), "313 ms");
	assert_string_equal(text_duration(mem, 1400), "1.4 s");
	assert_string_equal(text_duration(mem, 125000), "2 min 05 s");
	assert_string_equal(text_thousands(mem, 450000), "450,000");
	assert_string_equal(text_thousands(mem, -1234567), "-1,234,567");
	assert_string_equal(text_thousands(mem, 12), "12");
	talloc_free(mem);
}

static void quotes_words_for_a_shell(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	assert_string_equal(text_shell(mem, "a_b-c.d"), "a_b-c.d");
	assert_string_equal(text_shell(mem, ""), "''");
	assert_string_equal(text_shell(mem, "od'd-db \xc3\xbc"),
			    "'od'\\''d-db \xc3\xbc'");
	talloc_free(mem);
}

static void cuts_to_columns(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	assert_int_equal(text_width("users"), 5);
	assert_int_equal(text_width("\xe7\x94\xa8\xe6\x88\xb7"), 4);
	assert_int_equal(text_width("e\xcc\x81"), 1);
	assert_string_equal(text_cut(mem, "users", 5, ".."), "users");
	assert_string_equal(text_cut(mem, "users2", 5, ".."), "use..");
	assert_string_equal(text_cut(mem, "\xe7\x94\xa8\xe6\x88\xb7", 3, "."),
			    "\xe7\x94\xa8.");
	talloc_free(mem);
}

static void writes_sizes(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	assert_string_equal(text_size(mem, 0), "0 bytes");
	assert_string_equal(text_size(mem, 8192), "8.2 kB");
	assert_string_equal(text_size(mem, INT64_C(1400000000)), "1.4 GB");
	talloc_free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_control_characters_visible),
		cmocka_unit_test(finds_invalid_utf8),
		cmocka_unit_test(plain_text_is_printable_ascii_only),
		cmocka_unit_test(counts_lines_and_characters),
		cmocka_unit_test(hides_passwords),
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(writes_times_and_durations),
		cmocka_unit_test(quotes_words_for_a_shell),
		cmocka_unit_test(cuts_to_columns),
		cmocka_unit_test(writes_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
