"""How much a change matters: rules, tiers, the life of an event, and the reasons it carries. Pure."""
