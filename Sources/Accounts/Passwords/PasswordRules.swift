// SPDX-License-Identifier: Apache-2.0

/// What a new password must be. A password that is being checked is held to none of this but what bcrypt itself demands.
enum PasswordRules {
  static let minimumCharacters = 10
  static let maximumBytes = 72

  static func check(_ password: String) throws(PasswordError) {
    guard password.count >= minimumCharacters else { throw .tooShort(minimumCharacters: minimumCharacters) }
    try checkLimitsOfBcrypt(password)
    let folded = password.lowercased()
    // Fewer than four characters, over and over, are as common as the list.
    guard !common.contains(folded), Set(folded).count >= 4 else { throw .tooCommon }
  }

  static func checkLimitsOfBcrypt(_ password: String) throws(PasswordError) {
    guard password.utf8.count <= maximumBytes else { throw .tooLong(maximumBytes: maximumBytes) }
    guard !password.utf8.contains(0) else { throw .containsNUL }
  }

  /// The passwords of ten and more characters that lead every published list, in lower case.
  static let common: Set<String> = [
    "0123456789", "0987654321", "1029384756", "123123123123", "1234512345", "1234554321", "1234567890", "12345678900",
    "12345678910", "123456789a", "123456789q", "1234567890-=", "1234567890q", "123qwe123qwe", "147258369a",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y", "1qaz2wsx3edc", "1qazxsw23edc", "3rjs1la7qe", "9876543210", "a123456789", "abc123abc123",
    "abcd123456",
    "abcdefghij", "adminadmin", "administrator", "asdfghjkl;", "asdfghjkl1", "asdfghjklz", "asdf123456", "baseball123",
    "basketball", "blink182blink182", "changeme123", "changemenow", "charlie123", "chocolate1", "computer123",
    "default123", "dragon1234", "football123", "football12", "iloveyou12", "iloveyou123", "iloveyou1234", "letmein123",
    "letmeinnow", "liverpool1", "manchester", "master1234", "michael123", "monkey1234", "password00", "password01",
    "password11", "password12", "password123", "password1234", "password12345", "password123456", "password!1",
    "passw0rd123", "passwordpassword", "p@ssw0rd123", "p@ssword123", "princess123", "q1w2e3r4t5", "q1w2e3r4t5y6",
    "qazwsx1234", "qazwsxedc1", "qazwsxedcrfv", "qwe123qwe123", "qwer123456", "qwerty1234", "qwerty12345",
    "qwerty123456",
    "qwertyqwerty", "qwertyuiop", "qwertyuiop1", "qwertyuiop123", "qwertyuiop[]", "secret1234", "starwars123",
    "sunshine123", "superman123", "test123456", "testtest123", "trustno1trustno1", "welcome123", "welcome1234",
    "whatever123", "zaq12wsxcde3", "zxcvbnm123", "zxcvbnm,./",
  ]
}
