// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Accounts

struct PasswordsTests {
  private func with<Result>(
    threads: Int = 2, maximumWaiting: Int = 64, _ body: (Passwords) async throws -> Result
  ) async throws -> Result {
    let passwords = try Passwords(cost: .insecureForTests, threads: threads, maximumWaiting: maximumWaiting)
    let result: Swift.Result<Result, any Error>
    do {
      result = .success(try await body(passwords))
    } catch {
      result = .failure(error)
    }
    try await passwords.shutDown()
    return try result.get()
  }

  @Test func theRightPasswordIsAcceptedAndAnyOtherRefused() async throws {
    try await with { passwords in
      let hash = try await passwords.hash("correct horse battery")
      #expect(hash.hasPrefix("$2b$04$"))
      #expect(hash.utf8.count == 60)
      #expect(try await passwords.verify("correct horse battery", hash: hash))
      for wrong in ["correct horse batter", "correct horse battery ", "Correct horse battery", ""] {
        #expect(try await !passwords.verify(wrong, hash: hash))
      }
    }
  }

  @Test func theSamePasswordHashesDifferentlyEachTime() async throws {
    try await with { passwords in
      let first = try await passwords.hash("correct horse battery")
      let second = try await passwords.hash("correct horse battery")
      #expect(first != second)
    }
  }

  /// A vector of other implementations (OpenBSD's and jBCrypt's test suites have it with $2a$).
  @Test func hashesOfOtherImplementationsAreUnderstood() throws {
    let hash = "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."
    #expect(try Bcrypt.verify("", hash: hash))
    #expect(try !Bcrypt.verify("a", hash: hash))
    #expect(try Bcrypt.verify("abc", hash: "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"))
  }

  @Test func productionHashesCostTwelve() async throws {
    let passwords = try Passwords()
    let hash = try await passwords.hash("correct horse battery")
    #expect(hash.hasPrefix("$2b$12$"))
    #expect(!passwords.isOutdated(hash))
    #expect(passwords.isOutdated(hash.replacing("$12$", with: "$10$")))
    try await passwords.shutDown()
  }

  @Test func aCostBelowTenIsRefused() {
    for cost in [-1, 0, 4, 9, 32] {
      #expect(throws: PasswordError.costOutOfRange(cost)) { try BcryptCost(cost) }
    }
    #expect(throws: Never.self) { try BcryptCost(10) }
  }

  @Test(arguments: [
    ("short", PasswordError.tooShort(minimumCharacters: 10)),
    ("123456789", .tooShort(minimumCharacters: 10)),
    ("🙂🙂🙂🙂🙂🙂🙂🙂🙂", .tooShort(minimumCharacters: 10)),
    (String(repeating: "abcd", count: 18) + "e", .tooLong(maximumBytes: 72)),
    (String(repeating: "🙂😀😉", count: 6) + "🙂", .tooLong(maximumBytes: 72)),
    ("longenough\0hidden", .containsNUL),
    ("\0longenough", .containsNUL),
    ("1234567890", .tooCommon), ("Password123", .tooCommon), ("QWERTYUIOP", .tooCommon), ("aaaaaaaaaaaa", .tooCommon),
    ("ababababab", .tooCommon),
  ])
  func unfitNewPasswordsAreRefused(password: String, reason: PasswordError) async throws {
    try await with { passwords in
      #expect(throws: reason) { try passwords.check(password) }
      await #expect(throws: reason) { try await passwords.hash(password) }
    }
  }

  @Test(arguments: [
    "correct horse", "   spaces   count   ", String(repeating: "abcd", count: 18),
    String(repeating: "🙂😀😉😊", count: 4) + "😇😎",
    "пароль-без-латиницы", "längeres Wort",
  ])
  func fitPasswordsOfAnyScriptAreAccepted(password: String) async throws {
    try await with { passwords in
      let hash = try await passwords.hash(password)
      #expect(try await passwords.verify(password, hash: hash))
    }
  }

  @Test func noByteOfSeventyTwoIsIgnored() async throws {
    try await with { passwords in
      let longest = String(repeating: "abcd", count: 18)
      let hash = try await passwords.hash(longest)
      #expect(try await !passwords.verify(String(longest.dropLast()) + "x", hash: hash))
      #expect(try await !passwords.verify(longest + "x", hash: hash), "longer than bcrypt reads, so never equal")
      #expect(try await !passwords.verify(longest + "\0", hash: hash))
    }
  }

  @Test func anUnknownAccountCostsAsMuchAsAWrongPassword() async throws {
    let passwords = try Passwords(cost: try BcryptCost(10), threads: 1)
    let hash = try await passwords.hash("correct horse battery")
    let tooLong = String(repeating: "x", count: 100)
    let cases = [(hash, "wrong password"), (nil, "wrong password"), (hash, tooLong), (nil, tooLong)]
    // The shortest of several: other work on the machine only ever adds.
    var times = cases.map { _ in Duration.seconds(3600) }
    for _ in 0..<7 {
      for (index, (hash, password)) in cases.enumerated() {
        let start = ContinuousClock.now
        #expect(try await !passwords.verify(password, hash: hash))
        times[index] = min(times[index], .now - start)
      }
    }
    // Without the decoy the ratio would be some 1 to 1000.
    for time in times { #expect(time > times[0] / 3 && time < times[0] * 3, "\(times)") }
    try await passwords.shutDown()
  }

  @Test func whatDoesNotFitInTheQueueIsRefusedAtOnce() async throws {
    let passwords = try Passwords(cost: try BcryptCost(10), threads: 1, maximumWaiting: 4)
    let outcomes = await withTaskGroup(of: Result<Bool, any Error>.self) { group in
      for _ in 0..<40 {
        group.addTask {
          do { return .success(try await passwords.verify("some password", hash: nil)) } catch {
            return .failure(error)
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let refused = outcomes.count { (try? $0.get()) == nil }
    #expect(refused > 0 && refused <= 36)
    for case .failure(let error) in outcomes { #expect(error as? PasswordError == .busy) }
    #expect(try await !passwords.verify("some password", hash: nil), "the places come back")
    try await passwords.shutDown()
  }

  @Test func aBrokenStoredHashIsAnErrorAndNoAcceptance() {
    for hash in ["", "*0", "$2b$99$abc", "plain"] {
      #expect(throws: PasswordError.self) { try Bcrypt.verify("some password", hash: hash) }
    }
  }
}
