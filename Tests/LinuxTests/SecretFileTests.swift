// A secret is read only from a file that nobody else can read or change.

import Glibc
import Linux
import Testing

struct SecretFileTests {
  /// What reading a file with this mode leads to; as root, also with another owner and group.
  private func read(
    mode: UInt32, owner: UInt32 = geteuid(), group: UInt32 = getegid(), limit: Int = 100
  ) throws -> Result<[UInt8], SecretFileError> {
    let scratch = try Scratch()
    let path = "\(scratch.path)/secret"
    let secret: [UInt8] = [1, 2, 3]
    try Files.writeAtomically(path: path, bytes: secret.span, mode: mode)
    if owner != geteuid() || group != getegid() {
      let result = unsafe chown(path, owner, group)
      try #require(result == 0)
    }
    return SecretFileTests.read(path, limit: limit)
  }

  private static func read(_ path: String, limit: Int) -> Result<[UInt8], SecretFileError> {
    do throws(SecretFileError) {
      return .success(try SecretFile.read(path: path, limit: limit))
    } catch {
      return .failure(error)
    }
  }

  @Test(arguments: [0o600, 0o400, 0o640, 0o440] as [UInt32]) func ours(mode: UInt32) throws {
    #expect(try read(mode: mode) == .success([1, 2, 3]))
  }

  @Test(arguments: [0o644, 0o604, 0o602, 0o601, 0o660, 0o620, 0o666, 0o4644] as [UInt32])
  func openToOthers(mode: UInt32) throws {
    #expect(try read(mode: mode) == .failure(.open(mode: mode)))
  }

  @Test(.enabled(if: isRoot, rootReason)) func foreignOwnerAndGroup() throws {
    #expect(try read(mode: 0o600, owner: 4_711) == .failure(.foreignOwner(4_711)))
    #expect(try read(mode: 0o640, group: 4_711) == .failure(.foreignGroup(4_711)))
    // The group counts only when it may read.
    #expect(try read(mode: 0o600, group: 4_711) == .success([1, 2, 3]))
  }

  @Test func whatIsNoFile() throws {
    #expect(SecretFileTests.read("/nonexistent", limit: 1) == .failure(.unreadable(.noSuchFile)))
    let scratch = try Scratch()
    #expect(SecretFileTests.read(scratch.path, limit: 1) == .failure(.noFile))
    // Opening a pipe without a writer must not wait for one.
    let made = unsafe mkfifo("\(scratch.path)/pipe", 0o600)
    try #require(made == 0)
    #expect(SecretFileTests.read("\(scratch.path)/pipe", limit: 1) == .failure(.noFile))
  }

  @Test func aLimitHolds() throws {
    #expect(try read(mode: 0o600, limit: 3) == .success([1, 2, 3]))
    #expect(try read(mode: 0o600, limit: 2) == .failure(.unreadable(.fileTooLarge)))
  }
}
