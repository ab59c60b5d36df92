// SPDX-License-Identifier: Apache-2.0

import Domain
import Testing

/// Members that came after the first release are optional: what an earlier program wrote is read, and they are written when they are there.
struct JobEventTests {
  private static let id = "0193497e-5f00-7a3c-9c1b-6f1d2e3a4b05"

  @Test func failureOfToday() throws {
    let payload = #"""
      {"attempt":2,"code":"blob.full","jobId":"\#(Self.id)","kind":"analyze",\#
      "reason":"The disk is full.","retryAt":1,"since":41,"worker":"alpha-12"}
      """#
    let event = try CanonicalJSON.decode(JobFailed.self, from: Array(payload.utf8))
    #expect(event.fileId == nil && event.code == "blob.full" && event.worker == "alpha-12" && event.since == 41)
    #expect(try CanonicalJSON.encode(event) == Array(payload.utf8))
  }

  @Test func deadLetterOfToday() throws {
    let payload = #"""
      {"attempts":2,"fingerprint":"sweep:disk","jobId":"\#(Self.id)","kind":"sweep","reason":"r","worker":"alpha-12"}
      """#
    let event = try CanonicalJSON.decode(JobDeadLettered.self, from: Array(payload.utf8))
    #expect(event.fileId == nil && event.worker == "alpha-12")
    #expect(try CanonicalJSON.encode(event) == Array(payload.utf8))
  }
}
