// Looking for a place in an array that is in order.

extension Array {
  /// The first position whose element does not stand before what is looked for.
  func place(_ standsBefore: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if standsBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
