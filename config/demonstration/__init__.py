"""A story that is under way, told through the same actions that people use. All its actors are fictional; its observed readings are facts."""
