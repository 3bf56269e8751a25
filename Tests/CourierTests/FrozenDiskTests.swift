// A disk that hangs under the real program: routes are written, and it says that nothing is durable.

import Foundation
import Linux
import Model
import Testing

@Suite(.serialized, .timeLimit(.minutes(4)))
struct FrozenDiskTests {
  /// Whether a file can be mounted here, in a namespace that ends with its process.
  private static let isPossible: Bool = {
    guard Accounts.userID() == 0 else { return false }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    process.arguments = [
      "--mount", "--propagation", "private", "sh", "-c",
      "d=$(mktemp -d) && trap 'rm -rf \"$d\"' EXIT && truncate -s 1M $d/i && mkdir $d/m && "
        + "command -v fsfreeze && mkfs.ext4 -q $d/i && mount -o loop $d/i $d/m && umount $d/m",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  private func makeImage(_ scene: Scene) throws {
    let path = scene.azure.place + "/disk"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "truncate -s 16M '\(path)' && mkfs.ext4 -q '\(path)'"]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    scene.image = path
  }

  @Test(.enabled(if: isPossible, "no file can be mounted here"))
  func aDiskThatHangsHoldsNothingUp() throws {
    let scene = try Scene()
    try makeImage(scene)
    try scene.start()
    try scene.settle()
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    try scene.freeze()
    for hop in ["10.0.0.6", "10.0.0.7", "10.0.0.8"] {
      scene.want("ours", hop)
      try scene.wait("done without a disk") { scene.isDone(durable: false) }
      #expect(try scene.azure.hop(Scene.route) == hop)
    }
    // Whoever asks for what needs no disk is answered.
    let found = try scene.answer("1 me inspect")
    #expect(found.contains("\"code\":0"), "\(found)")
    try scene.thaw()
    try scene.wait("durable") { scene.isDone() }
    #expect(try scene.finish() == 0)
  }

  /// A program that is told to end leaves such a disk, and is gone when the disk comes back.
  @Test(.enabled(if: isPossible, "no file can be mounted here"))
  func aDiskThatHangsIsLeft() throws {
    let scene = try Scene()
    try makeImage(scene)
    try scene.start()
    try scene.settle()
    try scene.freeze()
    scene.want("ours", "10.0.0.6")
    try scene.wait("done without a disk") { scene.isDone(durable: false) }
    try scene.signal(.terminate)
    try scene.wait("its last word") { scene.log.contains("the disk does not answer: it is left") }
    try scene.thaw()
    #expect(try scene.finish() == 0)
  }
}
