// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

extension KeptAnswers {
  /// Gives a row when the claim is granted: to the first, to the first after the retention, and to a repetition after the lease.
  static func claim(_ write: Write, _ attempt: Attempt, lease: Duration, retention: Duration) -> Query {
    """
    INSERT INTO server.kept_answer AS kept (account_id, key, attempt, request)
    VALUES (\(write.account), \(write.key), \(attempt), \(write.request))
    ON CONFLICT (account_id, key) DO UPDATE
    SET attempt = excluded.attempt, request = excluded.request, claimed_at = now(),
        status = NULL, headers = NULL, body = NULL
    WHERE kept.claimed_at < now() - make_interval(secs => \(retention / .seconds(1)))
        OR (kept.status IS NULL
            AND kept.request = excluded.request
            AND kept.claimed_at < now() - make_interval(secs => \(lease / .seconds(1))))
    RETURNING attempt
    """
  }

  static func answer(_ write: Write) -> Query {
    """
    SELECT request, status, headers, body
    FROM server.kept_answer
    WHERE account_id = \(write.account) AND key = \(write.key)
    """
  }

  static func keep(_ answer: KeptAnswer, _ headers: PostgresJSON, of write: Write, _ attempt: Attempt) -> Query {
    """
    UPDATE server.kept_answer
    SET status = \(answer.status), headers = \(headers), body = \(answer.body)
    WHERE account_id = \(write.account) AND key = \(write.key) AND attempt = \(attempt)
    """
  }

  static func release(_ write: Write, _ attempt: Attempt) -> Query {
    """
    DELETE FROM server.kept_answer
    WHERE account_id = \(write.account) AND key = \(write.key) AND attempt = \(attempt) AND status IS NULL
    """
  }

  static func sweep(retention: Duration) -> Query {
    "DELETE FROM server.kept_answer WHERE claimed_at < now() - make_interval(secs => \(retention / .seconds(1)))"
  }
}
