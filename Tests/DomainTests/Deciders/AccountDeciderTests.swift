// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import TestSupport
import Testing

struct AccountDeciderTests {
  static let id = EventSamples.account
  static let file = EventSamples.file

  static func fold(_ events: [AccountEvent]) -> AccountDecider.State {
    events.reduce(AccountDecider.initial, AccountDecider.evolve)
  }

  private func when(
    _ command: AccountDecider.Command, given events: [AccountEvent]
  ) throws(AccountDecider.Refusal) -> [AccountEvent] {
    try AccountDecider.decide(command, Self.fold(events), accountId: Self.id)
  }

  private static func registered(quota: Int64) -> AccountEvent {
    .registered(.init(accountId: id, email: "ada@example.org", role: .user, quotaBytes: quota))
  }

  private static func charged(_ bytes: Int64, used: Int64) -> AccountEvent {
    .quotaCharged(.init(accountId: id, fileId: file, bytes: bytes, usedBytes: used))
  }

  private static let disabled = AccountEvent.disabled(.init(accountId: id, reason: "left"))

  @Test func aNewAccountIsRegisteredOnce() throws {
    let command = AccountDecider.Command.register(email: "ada@example.org", role: .user, quotaBytes: 10)
    #expect(try when(command, given: []) == [Self.registered(quota: 10)])
    #expect(throws: AccountDecider.Refusal.alreadyRegistered) { try when(command, given: [Self.registered(quota: 10)]) }
  }

  @Test(arguments: [
    AccountDecider.Command.changePassword, .changeRole(.admin), .disable(reason: ""), .setQuota(bytes: 1),
    .charge(fileId: file, bytes: 0), .release(fileId: file, bytes: 0),
    .revokeSession(sessionId: file, reason: .signedOut),
  ])
  func nothingHappensToAnUnknownOrErasedAccount(command: AccountDecider.Command) {
    let erased = AccountEvent.erased(.init(accountId: Self.id))
    for given in [[], [Self.registered(quota: 10), Self.disabled, erased]] {
      #expect(throws: AccountDecider.Refusal.unknownAccount) { try when(command, given: given) }
    }
  }

  @Test func anAccountIsErasedOnceItIsDisabledAndEmpty() throws {
    let erased = AccountEvent.erased(.init(accountId: Self.id))
    #expect(throws: AccountDecider.Refusal.unknownAccount) { try when(.erase, given: []) }
    for given in [[Self.registered(quota: 10)], [Self.registered(quota: 10), Self.charged(7, used: 7), Self.disabled]] {
      #expect(throws: AccountDecider.Refusal.inUse) { try when(.erase, given: given) }
    }
    #expect(try when(.erase, given: [Self.registered(quota: 10), Self.disabled]) == [erased])
    #expect(try when(.erase, given: [Self.registered(quota: 10), Self.disabled, erased]) == [])
  }

  @Test func aChargeFillsTheQuotaToItsLastByteAndNotBeyond() throws {
    let given = [Self.registered(quota: 10), Self.charged(7, used: 7)]
    #expect(try when(.charge(fileId: Self.file, bytes: 3), given: given) == [Self.charged(3, used: 10)])
    #expect(throws: AccountDecider.Refusal.quotaExceeded(limit: 10, used: 7, requested: 4)) {
      try when(.charge(fileId: Self.file, bytes: 4), given: given)
    }
  }

  @Test func aChargeThatOverflowsIsRefused() {
    let given = [Self.registered(quota: .max), Self.charged(7, used: 7)]
    #expect(throws: AccountDecider.Refusal.quotaExceeded(limit: .max, used: 7, requested: .max)) {
      try when(.charge(fileId: Self.file, bytes: .max), given: given)
    }
  }

  @Test func afterTheQuotaIsLoweredOnlyNothingCanBeCharged() throws {
    let given = [
      Self.registered(quota: 10), Self.charged(7, used: 7), .quotaSet(.init(accountId: Self.id, quotaBytes: 5)),
    ]
    #expect(throws: AccountDecider.Refusal.quotaExceeded(limit: 5, used: 7, requested: 1)) {
      try when(.charge(fileId: Self.file, bytes: 1), given: given)
    }
    #expect(try when(.charge(fileId: Self.file, bytes: 0), given: given) == [Self.charged(0, used: 7)])
  }

  @Test func negativeBytesAreRefused() {
    let given = [Self.registered(quota: 10)]
    for command in [
      AccountDecider.Command.charge(fileId: Self.file, bytes: -1), .release(fileId: Self.file, bytes: -1),
      .setQuota(bytes: -1),
    ] {
      #expect(throws: AccountDecider.Refusal.negativeBytes(-1)) { try when(command, given: given) }
    }
  }

  @Test func aReleaseGivesBackAtMostWhatIsCharged() throws {
    let given = [Self.registered(quota: 10), Self.charged(7, used: 7)]
    #expect(
      try when(.release(fileId: Self.file, bytes: 7), given: given)
        == [.quotaReleased(.init(accountId: Self.id, fileId: Self.file, bytes: 7, usedBytes: 0))])
    #expect(throws: AccountDecider.Refusal.releaseExceedsUse(used: 7, requested: 8)) {
      try when(.release(fileId: Self.file, bytes: 8), given: given)
    }
  }

  @Test func aDisabledAccountTakesNothingButGivesBack() throws {
    let given = [Self.registered(quota: 10), Self.charged(7, used: 7), Self.disabled]
    #expect(throws: AccountDecider.Refusal.disabled) { try when(.charge(fileId: Self.file, bytes: 1), given: given) }
    #expect(throws: AccountDecider.Refusal.disabled) { try when(.changePassword, given: given) }
    #expect(try when(.release(fileId: Self.file, bytes: 7), given: given).count == 1)
  }

  @Test func whatAlreadyIsSoMakesNoEvent() throws {
    let given = [Self.registered(quota: 10), Self.disabled]
    #expect(try when(.disable(reason: "again"), given: given) == [])
    #expect(try when(.setQuota(bytes: 10), given: given) == [])
    #expect(try when(.changeRole(.user), given: given) == [])
    #expect(try when(.changeRole(.admin), given: given) == [.roleChanged(.init(accountId: Self.id, role: .admin))])
  }

  @Test func revokingASessionNamesItsReason() throws {
    #expect(
      try when(.revokeSession(sessionId: Self.file, reason: .tokenReused), given: [Self.registered(quota: 1)])
        == [.sessionRevoked(.init(accountId: Self.id, sessionId: Self.file, reason: .tokenReused))])
  }

  /// Random commands: the state equals a plain recount, and no charge takes the use above the quota.
  @Test func randomHistoriesNeverChargeAboveTheQuota() {
    var random = SeededGenerator.printed()
    var accepted = 0, refused = 0
    for _ in 0..<300 {
      var state = AccountDecider.initial
      var held: [UUID: Int64] = [:]
      for _ in 0..<60 {
        let command = Self.randomCommand(held: held, using: &random)
        guard let events = try? AccountDecider.decide(command, state, accountId: Self.id) else {
          refused += 1
          continue
        }
        accepted += 1
        for event in events {
          state = AccountDecider.evolve(state, event)
          switch event {
          case .quotaCharged(let charge):
            held[charge.fileId, default: 0] += charge.bytes
            #expect(charge.bytes == 0 || state.usedBytes <= state.quotaBytes)
          case .quotaReleased(let release):
            held[release.fileId, default: 0] -= release.bytes
          default: break
          }
        }
        #expect(state.usedBytes == held.values.reduce(0, +))
        #expect(state.usedBytes >= 0)
      }
    }
    #expect(accepted > 1000 && refused > 1000, "histories without both prove nothing")
  }

  private static func randomCommand(
    held: [UUID: Int64], using random: inout SeededGenerator
  ) -> AccountDecider.Command {
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<2: .register(email: "a@b.c", role: .user, quotaBytes: .random(in: 0...200, using: &random))
    case 2: .setQuota(bytes: .random(in: 0...200, using: &random))
    case 3 where Bool.random(using: &random): .disable(reason: "")
    case 3..<8:
      if let file = held.randomElement(using: &random) {
        .release(fileId: file.key, bytes: file.value)
      } else {
        .changeRole(.admin)
      }
    default: .charge(fileId: .v7(), bytes: .random(in: 0...40, using: &random))
    }
  }
}
