"""Made-up events that look like real ones: people who come back less and less, busy evenings and
week-ends, most who never pay. The same seed gives the same days.

Chance is a hash of the seed, the person and the moment, so a day is made by itself, in any order.
"""

from datetime import date
from typing import Final

import duckdb
import pyarrow as pa

from analytics.registry import activity_names

__all__ = ["make_day", "prepare"]

# chance(): a number from 0 to 1 of some words. A person's zeal lasts; what an account is used for
# fades within weeks. Each session is a row of steps, half a minute apart.
MACROS: Final = """
CREATE TABLE folk AS SELECT user_id::UUID AS user_id, joined, platform FROM folk_rows;
CREATE MACRO chance(a, b, c, d) AS (hash(a, b, c, d) % 1000003) / 1000003.0;
"""
DAY: Final = """
WITH active AS (
    SELECT user_id, platform, $day - joined AS age, chance($seed, user_id, 0, 'zeal') AS zeal
    FROM folk WHERE joined <= $day
      AND chance($seed, user_id, $day, 'comes') < CASE WHEN joined = $day THEN 1.0 ELSE
          (0.04 + 0.30 * chance($seed, user_id, 0, 'zeal')
           + 0.45 * exp(-($day - joined) / 12.0) * chance($seed, user_id, 0, 'zeal'))
          * CASE WHEN isodow($day) >= 6 THEN 1.2 ELSE 1.0 END END
), sessions AS (
    SELECT *, unnest(range(1 + (chance($seed, user_id, $day, 'sessions') * 3 * zeal)::INT)) AS s
    FROM active
), begun AS (
    SELECT *, 6 * 3600 + (16 * 3600 * sqrt(chance($seed, user_id, $day, s)))::INT AS second,
           3 + (chance($seed, user_id, $day, s + 100) * 10)::INT AS steps
    FROM sessions
), steps AS (
    SELECT *, unnest(range(steps)) AS i FROM begun
), named AS (
    SELECT *, chance($seed, user_id, $day, 1000 * s + i + 5000) AS x,
           chance($seed, user_id, $day, 1000 * s + i + 9000) AS y,
           second + 30 * i + s AS at_second
    FROM steps
), told AS (
    SELECT *, CASE
        WHEN i = 0 THEN 'session_started'
        WHEN i = steps - 1 THEN 'session_ended'
        WHEN age = 0 AND s = 0 AND i = 1 AND y < 0.7 THEN 'profile.completed'
        WHEN x < 0.42 THEN 'screen_viewed'
        WHEN x < 0.54 THEN 'profile_viewed'
        WHEN x < 0.62 THEN 'search_made'
        WHEN x < 0.68 THEN 'feature_used'
        WHEN x < 0.92 THEN 'message.sent'
        WHEN x < 0.94 THEN 'conversation.opened'
        WHEN x < 0.96 THEN 'call.ended'
        WHEN x < 0.97 THEN 'call.quality'
        WHEN x < 0.985 THEN 'packages_viewed'
        WHEN x < 0.985 + 0.01 * zeal THEN 'purchase.completed'
        WHEN x < 0.985 + 0.0105 * zeal THEN 'refund.posted'
        ELSE 'screen_viewed' END AS name
    FROM named
)
SELECT md5(concat_ws('|', $seed, user_id, $day, s, i))::UUID::VARCHAR AS event_id,
       user_id::VARCHAR AS user_id,
       name,
       ($day::TIMESTAMP + to_seconds(at_second)) AT TIME ZONE 'UTC' AS "at",
       CASE WHEN contains(name, '.') THEN ''
            ELSE md5(concat_ws('|', user_id, $day, s))[:16] END AS session_id,
       CASE name
           WHEN 'screen_viewed' THEN json_object('screen',
               ['home', 'people', 'chats', 'chat', 'wallet', 'settings'][1 + (y * 5.99)::INT])
           WHEN 'feature_used' THEN json_object('feature',
               ['filters', 'boost', 'translate', 'themes'][1 + (y * y * 3.99)::INT])
           WHEN 'session_ended' THEN json_object('seconds', 30 * steps)
           WHEN 'search_made' THEN json_object('results', (y * 50)::INT)
           WHEN 'message.sent' THEN json_object(
               'kind', CASE WHEN y < 0.9 THEN 'text' ELSE 'image' END, 'first', false)
           WHEN 'call.ended' THEN json_object('media',
               CASE WHEN y < 0.6 THEN 'audio' ELSE 'video' END,
               'seconds', CASE WHEN y < 0.2 THEN 0 ELSE (y * 900)::INT END,
               'reason', CASE WHEN y < 0.2 THEN 'missed' WHEN y > 0.97 THEN 'dropped'
                         ELSE 'completed' END,
               'credits', CASE WHEN y < 0.2 THEN 0 ELSE (y * 150)::INT END)
           WHEN 'call.quality' THEN json_object('grade',
               CASE WHEN y < 0.8 THEN 'good' WHEN y < 0.95 THEN 'fair' ELSE 'poor' END)
           WHEN 'refund.posted' THEN json_object('amount_minor', 9900, 'currency', 'INR')
           WHEN 'purchase.completed' THEN json_object(
               'amount_minor', [9900, 19900, 49900][1 + (y * 2.99)::INT], 'currency', 'INR',
               'credits', [100, 220, 600][1 + (y * 2.99)::INT],
               'provider', CASE WHEN y < 0.4 THEN 'stripe' ELSE 'razorpay' END,
               'package', ['small', 'medium', 'large'][1 + (y * 2.99)::INT])
           ELSE '{}' END::VARCHAR AS props,
       name IN (SELECT unnest($activity)) AS activity,
       CASE WHEN contains(name, '.') THEN '' ELSE platform END AS platform,
       $day::VARCHAR AS day
FROM told
"""


def prepare(connection: duckdb.DuckDBPyConnection, people: pa.Table) -> None:
    """``people`` are ``user_id`` (text), ``joined`` (date) and ``platform``."""
    connection.register("folk_rows", people)
    connection.execute(MACROS)


def make_day(connection: duckdb.DuckDBPyConnection, day: date, seed: int) -> pa.Table:
    """The day's events, as ``rows.arrow_of`` would give them."""
    values = {"day": day, "seed": seed, "activity": activity_names()}
    return connection.sql(DAY, params=values).to_arrow_table()
