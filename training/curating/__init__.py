"""Which examples of a corpus a person should look at: uncertain ones, outliers, and labels that no neighbour has."""
