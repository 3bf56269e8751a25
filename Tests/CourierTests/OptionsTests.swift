// The courier's command line: what is understood, and what is said of the rest.

import Azure
import Courier
import Testing

struct OptionsTests {
  @Test func everyOptionIsRead() throws {
    let options = try Options([
      "--control", "/c", "--state=/s", "--listen", "/l", "--endpoint", "https://arm.local:8443/",
      "--metadata",
      "http://127.0.0.1:81", "--ca-file", "/ca.pem",
    ])
    #expect(options.action == .run)
    #expect(options.control == "/c")
    #expect(options.state == "/s")
    #expect(options.listen == "/l")
    #expect(options.servers.management?.origin == "https://arm.local:8443")
    #expect(options.servers.metadata.origin == "http://127.0.0.1:81")
    #expect(options.authority == "/ca.pem")
    #expect(try Options(["--version"]).action == .version)
    #expect(try Options([]) == Options())
    #expect(Options().servers.metadata.origin == "http://169.254.169.254")
    #expect(Options().servers.management == nil)
  }

  @Test(arguments: [
    (["--endpoint", "http://arm.local"], "by https only"), (["--endpoint", "arm"], "needs a URL"),
    (["--state"], "needs a value"), (["--version=1"], "takes no value"),
    (["--nonsense"], "unknown option --nonsense"), (["file"], "unknown option file"),
    (["--control="], "needs a value"),
  ]) func theRestIsRefused(_ words: [String], _ reason: String) {
    do throws(UsageError) {
      _ = try Options(words)
      Issue.record("\(words) were understood")
    } catch {
      #expect(error.text.contains(reason))
    }
  }

  @Test func theUsageNamesEveryOption() {
    for name in ["control", "state", "listen", "endpoint", "metadata", "ca-file", "version"] {
      #expect(Options.usage.contains("[--\(name)"))
    }
  }
}
