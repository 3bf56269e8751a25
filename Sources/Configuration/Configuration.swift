// The room's doors: a tree in, a Plan or all its problems out; a Plan in, its full text out.
package import Model

/// What checking a file gives.
package struct ConfigurationReport: Equatable, Sendable {
  /// There is one exactly when no problem is an error.
  package var plan: Plan?
  /// In the order of the file.
  package var problems: [Problem]

  package init(plan: Plan?, problems: [Problem]) {
    self.plan = plan
    self.problems = problems
  }
}

/// Checking and printing configurations.
package enum Configuration {
  /// Checks everything and reports all problems at once.
  package static func check(_ tree: Tree) -> ConfigurationReport {
    var reader = SchemaReader()
    guard let root = reader.root(tree) else {
      return ConfigurationReport(plan: nil, problems: reader.problems.sorted())
    }
    var maker = PlanMaker(root: root, problems: reader.problems)
    let plan = maker.make()
    return ConfigurationReport(plan: plan, problems: maker.problems.sorted())
  }

  /// The Plan as a configuration file in which every key stands, defaults included. Read back, it
  /// gives the same Plan.
  package static func effective(_ plan: Plan) -> String {
    EffectiveText.text(of: PlanSections.root(plan))
  }
}
