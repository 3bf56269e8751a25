// Each planted defect, and the rule that must find it, in both worlds.

package enum Planted {
  /// In the world without hello.
  package static let lone: [(Sabotage, Checker)] = [
    (.dropOneFire, .sameOnBoth), (.fireToOneServer, .sameOnBoth), (.fireToNobody, .bestPath),
    (.fireToNobody, .rung), (.withdraw, .withdrawal), (.fireTwice, .repetition),
    (.alterByte, .armed), (.ignoreRefresh, .refresh), (.hideOverrun, .stale), (.flood, .bounds),
    (.refreshBoth, .repetition), (.forgetIPv6, .rung), (.forgetEndOfRIB, .endOfRIB),
    (.waver, .oneUpdate), (.garble, .format), (.forgetClaim, .rung),
    (.hideRouteOverrun, .exports), (.dropOneExport, .sameOnBoth), (.dropOneExport, .exports),
    (.withdrawReplaced, .exportWithdrawal), (.hasty, .exportWithdrawal),
    (.exportsFirst, .shiftFirst), (.roomForAll, .exportLimit), (.flutter, .exportFlaps),
    (.unfair, .exportChoice),
  ]

  /// Of a group.
  package static let groups: [(Defect, Checker)] = [
    (.withdraw, .withdrawal), (.fireToOneServer, .sameOnBoth), (.fireToNobody, .bestPath),
    (.sameLane, .equalPaths), (.deaf, .rivals), (.pingPong, .pingPong),
    (.hastyFailback, .failback), (.noDamping, .damping), (.neverStepBack, .liveness),
    (.noPause, .ownPause), (.restless, .nobody), (.flood, .bounds), (.keepAll, .nobody),
    (.loud, .voices), (.noPause, .earlyVoice), (.forgetful, .tables), (.openShadow, .shadow),
    (.creditAnyone, .confirmation), (.smallLimit, .routeLimit), (.jumpy, .failback),
    (.waitForBoth, .independent), (.sessionsDecide, .shadow), (.wallClock, .failback),
    (.twoWriters, .writers), (.hastyRemoval, .tableRoutes), (.ownWay, .unison),
    (.alwaysLow, .placement), (.cutShort, .format), (.dropOneExport, .sameOnBoth),
    (.withdrawReplaced, .exportWithdrawal), (.exportsFirst, .shiftFirst),
    (.hideRouteOverrun, .exports),
  ]
}
