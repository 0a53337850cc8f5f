"""Growth: who stays, who pays, what they are worth, from the user's own or a made-up history."""
