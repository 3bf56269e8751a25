// What a daemon answers in these tests.

enum Answers {
  static let end = #"{"v":1,"id":"$ID","type":"end","code":0,"message":"ok"}"# + "\n"

  static let version =
    #"{"v":1,"id":"$ID","type":"version","version":"0.1.0"}"# + "\n" + end

  static let daemon = """
    {"v":1,"id":"$ID","type":"daemon","version":"0.1.0","pid":7,"uptime-ms":5000,\
    "turn-age-ms":1,"capabilities":"none","config":"/etc/hopshift/hopshift.yaml",\
    "kernel":"current","kernel-age-ms":10,"overruns":0,"foreign":0,"links":2,\
    "receive-buffer":212992,"shifts":0}

    """

  static let established = """
    {"v":1,"id":"$ID","type":"route-server","address":"10.10.1.4","asn":65515,\
    "state":"Established","since-ms":4000,"hold-ms":30000,"keepalive-ms":10000,\
    "identifier":"10.10.1.4","four-octet-as":true,"extended-messages":false,"updates-sent":1,\
    "bytes-queued":0,"unacknowledged":0,"last-error":null}

    """

  static let healthy = daemon + established + end

  static let down = daemon + established.replacing("Established", with: "Active") + end

  static let stale = daemon.replacing("current", with: "stale") + established + end

  static let forbidden =
    #"{"v":1,"id":"$ID","type":"end","code":4,"message":"only members may ask"}"# + "\n"

  static let alarm = #"{"v":1,"id":"$ID","type":"alarm","at-ns":1,"text":"t"}"# + "\n"
}
