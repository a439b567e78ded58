"""Who answers: the house's own rules, or a model on a server that speaks one of two protocols."""
