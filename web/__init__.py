"""What pages share: action views, error answers, template tags, charts."""
