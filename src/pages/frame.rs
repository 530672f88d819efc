//! What stands around every page: its title, the links to the others, and who looks at it.

use super::asset;

/// The frame of one page.
pub struct Frame {
    /// The window's title.
    pub title: String,
    /// One sentence for search engines and previews.
    pub description: String,
    /// Where in the site it is.
    pub here: Here,
    /// Who looks at it.
    pub viewer: Viewer,
    /// Whether the providers are simulated.
    pub simulated: bool,
}

/// A place that the navigation names, or none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// The models and their pages.
    Models,
    /// The docs.
    Docs,
    /// The status.
    Status,
    /// The playground.
    Playground,
    /// What belongs to the account: sign-in and dashboard.
    Account,
    /// Any other page.
    Elsewhere,
}

/// Who looks at a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Somebody who has not signed in.
    Stranger,
    /// Somebody who has.
    Customer,
}

/// A link of the navigation.
pub struct Link {
    /// Where it leads.
    pub href: &'static str,
    /// What it says.
    pub name: &'static str,
    /// Whether it leads to where one is.
    pub is_here: bool,
}

impl Frame {
    /// The navigation.
    pub fn links(&self) -> Vec<Link> {
        let account = match self.viewer {
            Viewer::Stranger => ("/login", "Sign in", Here::Account),
            Viewer::Customer => ("/dashboard", "Dashboard", Here::Account),
        };
        let all = [
            ("/models", "Models", Here::Models),
            ("/docs", "Docs", Here::Docs),
            ("/playground", "Playground", Here::Playground),
            ("/status", "Status", Here::Status),
            account,
        ];
        all.map(|(href, name, place)| Link {
            href,
            name,
            is_here: place == self.here,
        })
        .into()
    }

    /// Where the style sheet is.
    pub fn style(&self) -> &'static str {
        &asset::STYLE.path
    }

    /// Where the script is.
    pub fn script(&self) -> &'static str {
        &asset::SCRIPT.path
    }

    /// Where the playground's script is.
    pub fn playground(&self) -> &'static str {
        &asset::PLAYGROUND.path
    }

    /// Where the icon is.
    pub fn icon(&self) -> &'static str {
        &asset::ICON.path
    }

    /// The program's version.
    pub fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
